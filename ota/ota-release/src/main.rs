//! `ota-release`: makes, signs, verifies and publishes releases, and rotates their signers.

mod cli;

use std::process::ExitCode;

use clap::Parser;
use ota_release::ReleaseError;

#[expect(clippy::print_stderr, clippy::print_stdout, reason = "what goes wrong is told to who called")]
fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let json = cli.json;
    let Err(error) = cli.run() else { return ExitCode::SUCCESS };
    if json {
        let code = error.downcast_ref::<ReleaseError>().map_or("failed", ReleaseError::code);
        println!("{}", serde_json::json!({ "error": code, "reason": format!("{error:#}") }));
    }
    eprintln!("ota-release: {error:#}");
    ExitCode::FAILURE
}
