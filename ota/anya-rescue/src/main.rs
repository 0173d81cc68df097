//! `anya-rescue`: the rescue system of the box, a program in the initrd.
//!
//! # Design
//!
//! The boot loader starts `anya-rescue.efi` when neither slot has a try left (`ota_core::slots`). It is the
//! slots' own kernel and initrd under a command line that starts this program in place of waiting for a root.
//!
//! 1. It mounts the boot partition that the loader came from ([`boot_partition`]).
//! 2. A slot that had no last chance yet gets one, and the box starts again at once ([`attempt`]).
//! 3. Otherwise it says on every console, in plain words, what is wrong and what helps ([`words`],
//!    [`consoles`]), and waits for Enter or a quarter of an hour.
//! 4. Then every slot gets all its tries again, and the box starts again.
//!
//! It knows neither network nor data: no PCR values are signed for its kernel image, so the TPM does not open
//! the data partition for it.
//!
//! # Limits
//!
//! It repairs nothing. It stays the one that came with the disk's image: updates do not replace it.

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

use attempt::Trouble;
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
    let trouble = match on_boot_partition(attempt::last_chance) {
        Ok(versions) => {
            consoles.say(&words::last_chance(&versions));
            return restart();
        }
        Err(trouble) => trouble,
    };
    consoles.say(&words::message(&trouble, PATIENCE));
    consoles.wait_for_enter(PATIENCE, words::still_here);
    let again = on_boot_partition(attempt::try_all_again);
    consoles.say(&words::trying_again(again.as_ref().err()));
    restart()
}

/// Does something to the folder with the loader's entries, with the boot partition mounted for as long.
fn on_boot_partition<T>(act: impl FnOnce(&mut BootPartition) -> Result<T, Trouble>) -> Result<T, Trouble> {
    let mounted = boot_partition::mount(Path::new("/"));
    let mounted = mounted.map_err(|error| Trouble::BootPartition(format!("{error:#}")))?;
    let mut folder = BootPartition::open(mounted.entries())
        .map_err(|error| Trouble::BootPartition(format!("it has no folder with the systems: {error}")))?;
    let done = act(&mut folder);
    // What is open would keep it mounted.
    drop(folder);
    drop(mounted);
    done
}

fn restart() -> Result<Infallible> {
    nix::unistd::sync();
    reboot(RebootMode::RB_AUTOBOOT).context("cannot start the box again")
}
