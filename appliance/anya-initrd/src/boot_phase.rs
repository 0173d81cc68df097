//! Tells the TPM how far the start is, as systemd's initrd does (systemd-pcrphase.service(8)): two words into PCR 11.
//! The signed policy that opens the data counts on them.
//!
//! TPM 2.0 Library, Part 3, 22.2 (TPM2_PCR_Extend). One command with two fixed arguments; a library for it is larger
//! than the rest of the initrd.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use ota_boot::digest::sha256;

use crate::console::{Level, say};
use crate::kernel_events::KernelEvents;
use crate::kernel_files::{self, EFI_VARIABLES};
use crate::watchdog::{self, Watchdog};

/// The initrd runs.
pub(crate) const ENTER_INITRD: &str = "enter-initrd";
/// It is left.
pub(crate) const LEAVE_INITRD: &str = "leave-initrd";

/// There when the boot stub measured the kernel image into the TPM (systemd-stub(7)).
const MEASURED: &str = "StubPcrKernelImage-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";
const DEVICE: &str = "/dev/tpm0";
/// How long its driver may take: the boot stub has used the TPM already.
const PATIENCE: Duration = Duration::from_secs(15);
const PCR: u32 = 11;

/// The TPM that the kernel image was measured into.
pub(crate) struct Tpm(File);

impl Tpm {
    /// Finds it. None where there is none, and where it does not come up: then the data stays closed, and the page
    /// says so.
    pub(crate) fn find(events: &KernelEvents, watchdog: &mut Watchdog) -> Option<Self> {
        kernel_files::mount_efi_variables();
        if !Path::new(EFI_VARIABLES).join(MEASURED).exists() {
            return None;
        }
        let late = Instant::now() + PATIENCE;
        loop {
            let opened = File::options().read(true).write(true).open(DEVICE);
            match opened {
                Ok(device) => return Some(Self(device)),
                Err(error) if Instant::now() >= late => {
                    say(Level::Error, &format!("the TPM that the firmware used does not come up: {error}"));
                    return None;
                }
                Err(_) => events.wait(watchdog::PAUSE),
            }
            watchdog.feed();
        }
    }

    fn extend(&self, word: &str) -> Result<()> {
        let mut device = &self.0;
        device.write_all(&extend_command(word)).context("cannot send to the TPM")?;
        let mut answer = [0; 4096];
        let length = device.read(&mut answer).context("cannot receive from the TPM")?;
        check(&answer[..length])
    }
}

/// Tells it. A TPM that does not take it keeps the data closed.
pub(crate) fn enter(tpm: Option<&Tpm>, word: &str) {
    if let Some(Err(error)) = tpm.map(|tpm| tpm.extend(word)) {
        say(Level::Error, &format!("the TPM was not told {word}: {error:#}"));
    }
}

/// TPM2_PCR_Extend of the SHA-256 bank by the digest of a word, authorised by the empty password.
fn extend_command(word: &str) -> Vec<u8> {
    const SESSIONS: u16 = 0x8002;
    const PCR_EXTEND: u32 = 0x0000_0182;
    const PASSWORD: u32 = 0x4000_0009;
    const SHA256: u16 = 0x000b;
    let mut command = Vec::from(SESSIONS.to_be_bytes());
    command.extend(0_u32.to_be_bytes());
    command.extend(PCR_EXTEND.to_be_bytes());
    command.extend(PCR.to_be_bytes());
    // The length of what authorises it: handle, no nonce, no attributes, no password.
    command.extend(9_u32.to_be_bytes());
    command.extend(PASSWORD.to_be_bytes());
    command.extend([0; 5]);
    command.extend(1_u32.to_be_bytes());
    command.extend(SHA256.to_be_bytes());
    command.extend(sha256(word.as_bytes()).0);
    let length = command.len() as u32;
    command[2..6].copy_from_slice(&length.to_be_bytes());
    command
}

fn check(answer: &[u8]) -> Result<()> {
    let code = answer.get(6..10).context("the TPM's answer is too short")?;
    let code = u32::from_be_bytes([code[0], code[1], code[2], code[3]]);
    ensure!(code == 0, "it answers with the code {code:#x}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_the_one_of_the_standard() {
        let command = extend_command(ENTER_INITRD);
        let expected = "80020000004100000182\
                        0000000b\
                        00000009400000090000000000\
                        00000001000b";
        assert_eq!(hex::encode(&command[..33]), expected);
        assert_eq!(command.len(), 0x41);
        assert_eq!(command[33..], sha256(b"enter-initrd").0);
    }

    #[test]
    fn only_success_is_taken_for_success() {
        assert!(check(&[0x80, 2, 0, 0, 0, 10, 0, 0, 0, 0]).is_ok());
        assert!(check(&[0x80, 1, 0, 0, 0, 10, 0, 0, 1, 1]).unwrap_err().to_string().contains("0x101"));
        assert!(check(b"").is_err());
    }
}
