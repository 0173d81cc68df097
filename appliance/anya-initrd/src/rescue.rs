//! The rescue system: starts `anya-rescue` and names partitions and feeds the watchdog while it waits for somebody.

use std::convert::Infallible;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::console::{Level, say};
use crate::kernel_events::KernelEvents;
use crate::kernel_files;
use crate::partitions;
use crate::watchdog::{self, Watchdog};

const PROGRAM: &str = "/usr/lib/anya/anya-rescue";
/// Before it is started again. It ends in a restart of the box; if it ends otherwise, nobody else is there.
const AGAIN: Duration = Duration::from_secs(5);

/// Runs it for ever.
///
/// # Errors
/// None: whatever happens to it, it is tried again.
pub(crate) fn run(events: &KernelEvents, mut watchdog: Watchdog) -> Result<Infallible> {
    kernel_files::mount_efi_variables();
    partitions::name_all(Path::new("/"));
    let mut running = None;
    let mut due = Instant::now();
    loop {
        if let Some(ended) = end_of(running.as_mut()) {
            say(Level::Error, &format!("the rescue system has ended: {ended}"));
            (running, due) = (None, Instant::now() + AGAIN);
        }
        if running.is_none() && Instant::now() >= due {
            match Command::new(PROGRAM).spawn() {
                Ok(started) => running = Some(started),
                Err(error) => {
                    say(Level::Error, &format!("the rescue system cannot be started: {error}"));
                    due = Instant::now() + AGAIN;
                }
            }
        }
        watchdog.feed();
        events.wait(watchdog::PAUSE);
        partitions::name_all(Path::new("/"));
    }
}

fn end_of(running: Option<&mut Child>) -> Option<String> {
    match running?.try_wait() {
        Ok(None) => None,
        Ok(Some(status)) => Some(status.to_string()),
        Err(error) => Some(error.to_string()),
    }
}
