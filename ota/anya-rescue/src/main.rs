//! `anya-rescue`: the rescue system of the box, a program in the initrd.
//!
//! # Design
//!
//! The boot loader starts `anya-rescue.efi` when no slot has a try left (`ota_core::slots`). It is the
//! slots' own kernel and initrd under a command line that starts this program in place of waiting for a root.
//!
//! 1. It checks and mounts the boot partition that the loader came from ([`boot_partition`]).
//! 2. An entry that a power cut has lost is put back from its spare, and the box starts again at once ([`attempt`]).
//! 3. Otherwise a slot that had no last chance yet gets one, and the box starts again at once.
//! 4. Otherwise it says on every console, in plain words, what is wrong and what helps ([`words`],
//!    [`consoles`]), and waits for Enter or a quarter of an hour.
//! 5. Then every slot gets all its tries again, and the box starts again.
//!
//! It knows neither network nor data: no PCR values are signed for its kernel image, so the TPM does not open
//! the data partition for it.
//!
//! # Limits
//!
//! It repairs nothing but the boot partition. It stays the one that came with the disk's image: updates do not replace it.

mod attempt;
mod boot_partition;
mod consoles;
mod words;

use std::convert::Infallible;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sys::reboot::{RebootMode, reboot};
use ota_boot::boot_folder::BootPartition;
use ota_boot::fsck;

use attempt::Trouble;
use boot_partition::Mounted;
use consoles::Consoles;

/// After this time it tries again by itself: power cuts may have spent the tries, and nobody may be there.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

#[expect(clippy::print_stderr, reason = "the journal, for who looks why")]
fn main() -> ExitCode {
    let Err(error) = run();
    eprintln!("anya-rescue: {error:#}");
    ExitCode::FAILURE
}

/// Ends in a restart of the box, or not at all.
fn run() -> Result<Infallible> {
    let mut consoles = Consoles::open(Path::new("/"));
    let trouble = match on_boot_partition(attempt::help) {
        Ok(again) => {
            consoles.say(&words::again(&again));
            return restart();
        }
        Err(trouble) => trouble,
    };
    consoles.say(&words::message(&trouble, PATIENCE));
    consoles.wait_for_enter(PATIENCE, words::still_here);
    let again = on_boot_partition(|folder, _| attempt::try_all_again(folder));
    consoles.say(&words::trying_again(again.as_ref().err()));
    restart()
}

/// Does something to the folder with the loader's entries, with the boot partition mounted for as long. It is told
/// whether that was checked before.
fn on_boot_partition<T>(
    act: impl FnOnce(&mut BootPartition, bool) -> Result<T, Trouble>,
) -> Result<T, Trouble> {
    let broken = |error: anyhow::Error| Trouble::BootPartition(format!("{error:#}"));
    let root = Path::new("/");
    let device = boot_partition::find(root).map_err(broken)?;
    let checked = boot_partition::check(&device);
    let mounted = boot_partition::mount(root, &device).map_err(broken)?;
    remove_salvaged(&mounted);
    let mut folder = BootPartition::open(mounted.entries())
        .map_err(|error| Trouble::BootPartition(format!("it has no folder with the systems: {error}")))?;
    let done = act(&mut folder, checked);
    // What is open would keep it mounted.
    drop(folder);
    drop(mounted);
    done
}

/// Makes the room again that a lost entry's kernel image takes.
#[expect(clippy::print_stderr, reason = "the journal, for who looks why")]
fn remove_salvaged(mounted: &Mounted) {
    let removed = BootPartition::open(mounted.root()).and_then(|mut root| fsck::remove_salvaged(&mut root));
    if let Err(error) = removed {
        eprintln!("anya-rescue: what the check left stays: {error}");
    }
}

fn restart() -> Result<Infallible> {
    nix::unistd::sync();
    reboot(RebootMode::RB_AUTOBOOT).context("cannot start the box again")
}
