//! `image`: builds, runs and looks into the images of the Anya Box.

mod cli;

use std::process::ExitCode;

use clap::Parser;

#[expect(clippy::print_stderr, reason = "what goes wrong is told to who called")]
fn main() -> ExitCode {
    match cli::Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("image: {error:#}");
            ExitCode::FAILURE
        }
    }
}
