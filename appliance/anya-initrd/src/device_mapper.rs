//! The kernel's device mapper: one device with one target, for reading.
//!
//! Source: the kernel's `include/uapi/linux/dm-ioctl.h`. Three requests with fixed arguments; the libraries for it
//! bring a logger, a random number generator and udev's semaphores along.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::PathBuf;

use nix::libc;
use nix::request_code_readwrite;

const CONTROL: &str = "/dev/mapper/control";
/// The length of `struct dm_ioctl` and of `struct dm_target_spec`, bytes.
const HEADER: usize = 312;
const TARGET: usize = 40;
/// Where fields lie: name, uuid, flags, number of targets, device.
const NAME: usize = 48;
const UUID: usize = 176;
const FLAGS: usize = 28;
const TARGETS: usize = 20;
const DEVICE: usize = 40;
const READ_ONLY: u32 = 1;

/// The kernel's numbers of the requests.
#[derive(Clone, Copy)]
enum Request {
    Create = 3,
    /// Without the flag to suspend it is to resume, which puts the loaded table into force.
    Resume = 6,
    Load = 9,
}

/// What a device does with all of its sectors (of 512 bytes).
pub(crate) struct Target<'a> {
    pub(crate) kind: &'a str,
    pub(crate) sectors: u64,
    pub(crate) parameters: &'a str,
}

/// Makes a device, and says where it is.
///
/// # Errors
/// The kernel's.
pub(crate) fn create(name: &str, uuid: &str, target: &Target<'_>) -> io::Result<PathBuf> {
    let control = File::options().read(true).write(true).open(CONTROL)?;
    let mut created = header(name, uuid, &[]);
    ask(&control, Request::Create, &mut created)?;
    let mut load = header(name, "", &target_spec(target));
    load[TARGETS..TARGETS + 4].copy_from_slice(&1_u32.to_ne_bytes());
    ask(&control, Request::Load, &mut load)?;
    ask(&control, Request::Resume, &mut header(name, "", &[]))?;
    let mut number = [0; 8];
    number.copy_from_slice(&created[DEVICE..DEVICE + 8]);
    Ok(PathBuf::from(format!("/dev/dm-{}", libc::minor(u64::from_ne_bytes(number)))))
}

fn header(name: &str, uuid: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; HEADER];
    bytes[0..4].copy_from_slice(&4_u32.to_ne_bytes());
    let length = (HEADER + payload.len()) as u32;
    bytes[12..16].copy_from_slice(&length.to_ne_bytes());
    bytes[16..20].copy_from_slice(&(HEADER as u32).to_ne_bytes());
    bytes[FLAGS..FLAGS + 4].copy_from_slice(&READ_ONLY.to_ne_bytes());
    // Names are this program's own, and short.
    bytes[NAME..NAME + name.len()].copy_from_slice(name.as_bytes());
    bytes[UUID..UUID + uuid.len()].copy_from_slice(uuid.as_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

fn target_spec(target: &Target<'_>) -> Vec<u8> {
    let mut bytes = vec![0; TARGET];
    bytes[8..16].copy_from_slice(&target.sectors.to_ne_bytes());
    bytes[24..24 + target.kind.len()].copy_from_slice(target.kind.as_bytes());
    bytes.extend_from_slice(target.parameters.as_bytes());
    // A zero ends the parameters, and targets end at a multiple of eight.
    bytes.resize((bytes.len() + 1).next_multiple_of(8), 0);
    bytes
}

#[expect(unsafe_code, reason = "a request to the kernel (ioctl(2))")]
fn ask(control: &File, request: Request, bytes: &mut [u8]) -> io::Result<()> {
    let code = request_code_readwrite!(0xfd, request as u8, HEADER);
    // SAFETY: the bytes begin with a header that tells their length, and the kernel writes no further than that.
    let answered = unsafe { libc::ioctl(control.as_raw_fd(), code, bytes.as_mut_ptr()) };
    if answered < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_gets_is_laid_out_as_its_header_says() {
        let target = Target { kind: "verity", sectors: 0x1234, parameters: "1 /dev/vda2" };
        let spec = target_spec(&target);
        assert_eq!((spec.len() % 8, &spec[TARGET..TARGET + 12]), (0, &b"1 /dev/vda2\0"[..]));
        assert_eq!((&spec[8..10], &spec[24..31]), (&[0x34, 0x12][..], &b"verity\0"[..]));
        let bytes = header("root", "CRYPT-VERITY-1-root", &spec);
        assert_eq!(&bytes[..4], [4, 0, 0, 0]);
        assert_eq!(bytes[12], u8::try_from((HEADER + spec.len()) & 0xff).unwrap());
        assert_eq!((&bytes[48..53], &bytes[176..189]), (&b"root\0"[..], &b"CRYPT-VERITY-"[..]));
        assert_eq!(bytes[28], 1, "read-only");
        assert_eq!(bytes[HEADER..], spec[..]);
    }
}
