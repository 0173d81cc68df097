//! `image run`: the image in QEMU, with its web page on a loopback port of this machine.
//!
//! The disk, the firmware's variables and the TPM are kept in the cache, so that the box is the same one at
//! the next start. `--fresh` throws them away.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::build::{Image, Profile};
use crate::places::Places;
use crate::tools::{Tools, eprintln_progress};

/// The firmware in the tools tree.
pub const FIRMWARE: &str = "/usr/share/OVMF/OVMF_CODE_4M.secboot.fd";
/// Its variables, without keys: the box enrols its own at the first start.
pub const FIRMWARE_VARIABLES: &str = "/usr/share/OVMF/OVMF_VARS_4M.fd";

/// How long the software TPM may take to listen.
const TPM_BOUND: Duration = Duration::from_secs(20);

/// How the machine is to be.
#[derive(Clone, Copy, Debug)]
pub struct Wishes {
    /// Which command line boots.
    pub profile: Profile,
    /// The port of this machine that leads to the box's 443.
    pub port: u16,
    /// Memory, MiB.
    pub memory_mib: u32,
    /// The size of the disk, GiB.
    pub disk_gib: u32,
    /// Throw the last machine away.
    pub fresh: bool,
}

/// Runs the image until the machine is turned off; the serial port is the terminal.
///
/// # Errors
/// When a program of the tools tree cannot be started, or QEMU fails.
pub fn run(places: &Places, tools: &Tools, image: &Image, board: &str, wishes: Wishes) -> Result<()> {
    let machine = places.images().join("machines").join(format!("{board}-{}", name(wishes.profile)));
    if wishes.fresh && machine.exists() {
        fs::remove_dir_all(&machine).context("cannot remove the last machine")?;
    }
    fs::create_dir_all(&machine)?;
    let disk = prepare_disk(tools, image, &machine, wishes)?;
    let mut tpm = start_tpm(tools, &machine)?;
    eprintln_progress(&format!(
        "The box starts (about a minute). Its page: https://localhost:{}\n\
         Turn it off with Ctrl-A X. Its disk is kept in {}",
        wishes.port,
        machine.display()
    ));
    let ended = qemu(tools, &machine, &disk, wishes).stdin(Stdio::inherit()).status();
    // swtpm ends with QEMU; where QEMU did not start, it still waits.
    let _ = tpm.kill();
    let _ = tpm.wait();
    let ended = ended.context("cannot start QEMU")?;
    ensure!(ended.success(), "QEMU failed ({ended})");
    Ok(())
}

fn name(profile: Profile) -> &'static str {
    match profile {
        Profile::Release => "release",
        Profile::Dev => "dev",
    }
}

/// A disk of its own over the image, as large as a box's.
fn prepare_disk(tools: &Tools, image: &Image, machine: &Path, wishes: Wishes) -> Result<PathBuf> {
    let disk = machine.join("disk.qcow2");
    // The image that the disk lies over must stay as it was: a rebuild needs a new machine.
    let hash = image.root_hash()?;
    let made_of = machine.join("roothash");
    let base = machine.join("base.raw");
    if disk.exists() {
        ensure!(
            fs::read_to_string(&made_of).is_ok_and(|last| last == hash),
            "the image was built anew since this machine was made: add --fresh, which throws its data away"
        );
        return Ok(disk);
    }
    let text = |path: &Path| path.to_string_lossy().into_owned();
    tools.output("cp", ["--sparse=always", &text(&image.disk(wishes.profile)), &text(&base)])?;
    let size = format!("{}G", wishes.disk_gib);
    tools.output(
        "qemu-img",
        ["create", "-q", "-f", "qcow2", "-b", &text(&base), "-F", "raw", &text(&disk), &size],
    )?;
    tools.output("cp", [FIRMWARE_VARIABLES, &text(&machine.join("variables.fd"))])?;
    fs::write(made_of, hash)?;
    Ok(disk)
}

fn start_tpm(tools: &Tools, machine: &Path) -> Result<Child> {
    let state = machine.join("tpm");
    let text = state.to_string_lossy().into_owned();
    if !state.exists() {
        fs::create_dir_all(&state)?;
        // One PCR bank: firmware and stub hash the kernel image once for each.
        tools
            .output("swtpm_setup", ["--tpm2", "--tpmstate", &text, "--pcr-banks", "sha256", "--overwrite"])?;
    }
    let socket = machine.join("tpm.sock");
    let _ = fs::remove_file(&socket);
    let started = tools
        .command("swtpm")
        .args(["socket", "--tpm2", "--tpmstate", &format!("dir={text}")])
        .args(["--ctrl", &format!("type=unixio,path={}", socket.display())])
        .args(["--flags", "startup-clear", "--terminate"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .context("cannot start swtpm")?;
    let late = Instant::now() + TPM_BOUND;
    while !socket.exists() {
        ensure!(Instant::now() < late, "swtpm does not come up in {} s", TPM_BOUND.as_secs());
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(started)
}

fn qemu(tools: &Tools, machine: &Path, disk: &Path, wishes: Wishes) -> Command {
    let shown = machine.display();
    let mut qemu = tools.command("qemu-system-x86_64");
    qemu.args(["-accel", "tcg,thread=multi", "-machine", "q35,smm=on", "-cpu", "max", "-smp", "2"])
        .args(["-m", &wishes.memory_mib.to_string(), "-nodefaults", "-no-user-config", "-display", "none"])
        .args(["-device", "VGA", "-serial", "mon:stdio", "-device", "virtio-rng-pci"])
        .args(["-device", "i6300esb", "-action", "watchdog=reset"])
        .args(["-global", "driver=cfi.pflash01,property=secure,value=on"])
        .args(["-drive", &format!("if=pflash,unit=0,format=raw,readonly=on,file={FIRMWARE}")])
        .args(["-drive", &format!("if=pflash,unit=1,format=raw,file={shown}/variables.fd")])
        .args(["-drive", &format!("if=none,id=disk,format=qcow2,file={},discard=unmap", disk.display())])
        .args(["-device", "virtio-blk-pci,drive=disk,bootindex=1"])
        .args(["-netdev", &format!("user,id=net,hostfwd=tcp:127.0.0.1:{}-:443", wishes.port)])
        .args(["-device", "virtio-net-pci,netdev=net,romfile="])
        .args(["-chardev", &format!("socket,id=tpm,path={shown}/tpm.sock")])
        .args(["-tpmdev", "emulator,id=tpm0,chardev=tpm", "-device", "tpm-crb,tpmdev=tpm0"]);
    qemu
}
