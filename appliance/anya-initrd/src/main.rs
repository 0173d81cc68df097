//! The program of the initrd: the first process of the box, from the kernel's start until the root is there.
//!
//! # Design
//!
//! 1. It mounts what the kernel tells through ([`kernel_files`]), and loads a driver for every device that the
//!    kernel tells of ([`drivers`], [`modules`]).
//! 2. It begins to feed a watchdog ([`watchdog`]), so that a start which hangs ends, and costs a try.
//! 3. It tells the TPM that the initrd runs ([`boot_phase`]), and hands on what the boot stub left ([`stub_files`]).
//! 4. It waits for the two partitions that the root hash of the kernel's command line names ([`partitions`]), has the
//!    kernel check every block that is read from them ([`verity`], [`device_mapper`]), and mounts them. Before that it
//!    counts the start on a Raspberry Pi, whose firmware does not ([`tryboot`]).
//! 5. It tells the TPM that the initrd is left, and becomes the root's systemd ([`switch_root`]).
//!
//! In the rescue system's kernel image it starts `anya-rescue` in place of 3 to 5 ([`rescue`]).
//!
//! The kernel starts the same file as `modprobe` when it needs a module by itself, such as a file system's.
//!
//! There is no systemd and no udev here: what they do beyond this list nobody needs before the root is there, and
//! it took five seconds of each start in an emulated machine.
//!
//! # Invariants
//!
//! - Only a root that matches the root hash of the signed command line is mounted, and a block that does not match
//!   is a panic of the kernel.
//! - Nothing is asked and nobody gets a shell: what goes wrong is said on the console, and the box starts again.
//!   Each start costs a try, so the other slot, or the rescue system, takes over.
//! - The watchdog is fed by the waiting itself and by no thread of its own, so that a disk which stops answering is
//!   noticed, too.
//!
//! # Limits
//!
//! A root in a slot on a disk with a GPT, erofs, dm-verity with SHA-256; no network, no RAID.

mod boot_phase;
mod command_line;
mod console;
mod device_mapper;
mod drivers;
mod kernel_events;
mod kernel_files;
mod modules;
mod partitions;
mod rescue;
mod stub_files;
mod switch_root;
mod tryboot;
mod verity;
mod watchdog;

use std::convert::Infallible;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use nix::sys::reboot::{RebootMode, reboot};

use command_line::{CommandLine, Start};
use console::{Level, say};
use drivers::Drivers;
use kernel_events::KernelEvents;
use modules::Modules;
use ota_core::digest::RootHash;
use ota_core::slots::tryboot::Counted;
use watchdog::Watchdog;

/// How long the root's partitions may take to appear. A USB disk takes ten seconds, an emulated machine on a busy
/// host longer.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long what went wrong stands on the screen.
const READING_TIME: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    if std::process::id() != 1 {
        return modprobe();
    }
    let Err(error) = start();
    say(Level::Error, &format!("The box could not start, and tries again: {error:#}"));
    std::thread::sleep(READING_TIME);
    nix::unistd::sync();
    // Should that fail, the kernel panics because its first process ends, and starts again by itself.
    let _ = reboot(RebootMode::RB_AUTOBOOT);
    ExitCode::FAILURE
}

/// Ends in the root's systemd or in the rescue system's restart, or with what went wrong.
fn start() -> Result<Infallible> {
    kernel_files::mount()?;
    say(Level::Info, "begins");
    let command_line = CommandLine::of_kernel(Path::new("/"))?;
    let events = KernelEvents::listen()?;
    let modules = Modules::of_kernel()?;
    let drivers = Drivers::begin(modules.clone())?;
    let watchdog = Watchdog::new(drivers, modules.clone());
    match command_line.start()? {
        Start::Rescue => rescue::run(&events, watchdog),
        Start::Root(root_hash) => start_root(&root_hash, modules, &events, watchdog),
    }
}

fn start_root(
    root_hash: &RootHash,
    mut modules: Modules,
    events: &KernelEvents,
    mut watchdog: Watchdog,
) -> Result<Infallible> {
    modules.load("dm-verity");
    // With the processor's own instructions. The kernel asks for no other SHA-256 once it has its plain one, and verity
    // keeps what it began with.
    modules.load("crypto-sha256");
    let tpm = boot_phase::Tpm::find(events, &mut watchdog);
    boot_phase::enter(tpm.as_ref(), boot_phase::ENTER_INITRD);
    stub_files::hand_on(Path::new("/"))?;
    let late = Instant::now() + PATIENCE;
    let slot = loop {
        if let Some(slot) = partitions::slot_of(Path::new("/"), root_hash) {
            break slot;
        }
        ensure!(
            Instant::now() < late,
            "no disk has the slot with the root hash {root_hash}: it is damaged, or not plugged in"
        );
        watchdog.feed();
        events.wait(watchdog::PAUSE);
    };
    watchdog.feed();
    if tryboot::count(Path::new("/"), &slot) == Counted::GivesWay {
        return tryboot::restart();
    }
    let root = verity::open(&slot, root_hash).context("the root cannot be set up")?;
    switch_root::mount(&root)?;
    boot_phase::enter(tpm.as_ref(), boot_phase::LEAVE_INITRD);
    watchdog.feed();
    say(Level::Info, "the root is there");
    // The root's systemd takes it over.
    drop(watchdog);
    switch_root::switch()
}

/// As the kernel calls it: the last argument is a module's name or an alias.
fn modprobe() -> ExitCode {
    let loaded = Modules::of_kernel().map(|mut modules| match std::env::args().next_back() {
        Some(wanted) => modules.load(&wanted),
        None => false,
    });
    if loaded.is_ok_and(|loaded| loaded) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
