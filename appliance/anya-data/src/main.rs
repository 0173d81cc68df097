//! Looks after the data partition of the box, as root: makes it on the first boot, opens it at every
//! boot, and does to it what the service asks for. The service itself never touches the disk.
//!
//! # Design
//!
//! - `anya-data open` runs once at each boot, before the service. [`decide`] is pure: facts in, the next
//!   step out; [`open`] gathers the facts ([`facts`], [`disk`], [`header`]) and takes the steps. What was
//!   found is written to `state.json` ([`state_file`]). A fault is a state, so it exits with 0 then.
//! - `anya-data serve` answers one request on its standard input ([`serve`]), which the service manager
//!   connects to a socket that the service alone may use.
//! - Partitions, encryption and file systems are other programs' work; [`commands`] has every one of them
//!   with its arguments, [`runner`] starts them within a bound.
//!
//! # Limits
//!
//! One disk: the one that the running root lies on. Keys pass through pipes, never through an argument list,
//! the environment or a file.

mod commands;
mod decide;
mod disk;
mod facts;
mod header;
mod machine_state;
mod open;
mod places;
mod serve;
mod state_file;

use std::process::ExitCode;

use anyhow::{Result, bail};
use root_side::program::SystemRunner;

use places::Places;

fn main() -> ExitCode {
    match start(std::env::args().nth(1).as_deref()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            note(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn start(command: Option<&str>) -> Result<()> {
    let places = Places::under("/");
    match command {
        Some("open") => open::open(&SystemRunner, &places),
        Some("serve") => serve::serve(&SystemRunner, &places, std::io::stdin(), std::io::stdout()),
        _ => bail!("say `open` or `serve`"),
    }
}

/// One line for the journal.
#[expect(clippy::print_stderr, reason = "the journal takes standard error")]
fn note(text: &str) {
    eprintln!("anya-data: {}", text.replace('\n', " "));
}
