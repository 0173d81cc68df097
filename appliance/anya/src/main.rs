//! `anya`, the box on the command line.
//!
//! # Design
//!
//! - It speaks the same REST API as everybody: each command asks one question, prints tables for people
//!   and, with `--json`, the API's own JSON.
//! - It trusts one certificate authority, the box's own (see [`trust`]), never the machine's.
//! - Exit status: 0 when done, 1 when it failed or the answer is no (`verify`, a box that is not ready),
//!   2 for wrong usage. An error is one line on standard error.
//!
//! # Limits
//!
//! It knows one box at a time; `--url`, `ANYA_URL`, `ANYA_API_KEY` and `ANYA_CA_FILE` serve others.

mod cli;
mod client;
mod commands;
mod failure;
mod profile;
mod progress;
mod prompt;
mod screen;
mod trust;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use crate::cli::Arguments;
use crate::failure::Failure;

fn main() -> ExitCode {
    match commands::run(Arguments::parse()) {
        Ok(status) => status,
        // Whoever read our output has had enough, as `head` does.
        Err(Failure::OutputClosed) => ExitCode::SUCCESS,
        Err(failure) => {
            // Nothing is left to tell when standard error is closed as well.
            let _ = writeln!(std::io::stderr(), "anya: {failure}");
            ExitCode::FAILURE
        }
    }
}
