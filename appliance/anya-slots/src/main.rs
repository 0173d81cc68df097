//! Looks after the slots of the box, as root: what is believed of releases, what is written into the slot that
//! does not run, what the boot loader starts. The service fetches and assembles releases; it has no rights over
//! disks, and nobody takes its word.
//!
//! # Design
//!
//! - `anya-slots serve` answers one request ([`serve`]) on its standard input, which the service manager
//!   connects to a socket that the service alone may use. What is said there is
//!   [`ota_client::slot_keeper::protocol`]. [`install`] is a conversation, [`believe`], [`status`] and
//!   [`roll_back`] are an answer each.
//! - `anya-slots start` runs once at each boot: it checks the boot partition and clears up what a power cut has left
//!   there ([`boot_check`]), and finds out what has become of an update ([`start`]). It never stops the boot.
//! - `anya-slots gate` watches over the service after the boot, until its version was marked good ([`gate`]).
//!
//! The rules are [`ota_core`]'s. What they hang on is found here: [`running_image`], [`disk`] with its [`table`],
//! the boot partitions and loader ([`esp`]), what the box remembers ([`store`]), and whether an update is on [`trial`].
//! Mounts are other programs' work; [`commands`] has every one of them with its arguments.
//!
//! # Invariants
//!
//! - The slot that runs is never opened to be written: [`keeper::Keeper::look`] and `install/slot_files.rs`.
//! - What is believed is stored before anything is done because of it.
//! - Whoever changes something holds the lock ([`run_files::lock`]).
//!
//! # Limits
//!
//! One disk, two slots; systemd-boot, or the Raspberry Pi's `tryboot`, by what boot partitions the disk has.

mod believe;
mod boot_check;
mod commands;
mod disk;
mod epoch;
mod esp;
mod failure;
mod gate;
mod install;
mod keeper;
mod places;
mod readyz;
mod roll_back;
mod run_files;
mod running_image;
mod secure_boot;
mod serve;
mod start;
mod status;
mod store;
mod table;
#[cfg(test)]
mod test_machine;
mod trial;

use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use root_side::program::SystemRunner;

use gate::SystemClock;
use keeper::Keeper;
use places::Places;
use readyz::Readyz;

fn main() -> ExitCode {
    // Before there is any other thread: it changes the environment.
    hal_tpm::tss_log::silence();
    match run(std::env::args().nth(1).as_deref()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            note(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(command: Option<&str>) -> Result<()> {
    let places = Places::under("/");
    let counter = epoch::of_machine(&places);
    let counter = counter.as_ref().map(|counter| counter as &dyn hal_api::EpochCounter);
    let keeper = Keeper { runner: &SystemRunner, places: &places, counter, now: Timestamp::now() };
    match command {
        Some("serve") => {
            let input = std::io::stdin().as_fd().try_clone_to_owned().context("there is no request")?;
            serve::serve(&keeper, UnixStream::from(input))
        }
        Some("start") => start::start(&keeper),
        Some("gate") => {
            let readyz = Readyz::at(readyz::ADDRESS);
            let clock = SystemClock(Instant::now());
            gate::watch(&keeper, &gate::policy(&places), &clock, &mut || readyz.ask()).map(|_| ())
        }
        _ => bail!("say `serve`, `start` or `gate`"),
    }
}

/// One line for the journal.
#[expect(clippy::print_stderr, reason = "the journal takes standard error")]
fn note(text: &str) {
    eprintln!("anya-slots: {}", text.replace('\n', " "));
}
