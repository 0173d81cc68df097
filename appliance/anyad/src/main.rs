//! The service of the Anya Box. The composition root: the one crate that names adapters.
//!
//! [`run`] has the order in which parts start and stop, [`config`] every key that can be configured.

mod accelerators;
mod cli;
mod config;
mod console;
mod data_folder;
mod fault;
mod listeners;
mod logging;
mod monitor;
mod network;
mod node;
mod observer;
mod pin;
mod room;
mod run;
mod shutdown;
mod signals;
mod tls;
mod tokens;
mod updates;
mod version;
mod watchdog;

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::Parser;

use cli::{Cli, Command};
use data_folder::DataFolder;
use logging::LogMemory;

fn main() -> ExitCode {
    match start(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn start(cli: &Cli) -> Result<()> {
    match cli.command.unwrap_or(Command::Run) {
        Command::Run => serve(cli),
        Command::CheckConfig => {
            config::load(&cli.flags)?;
            say("the configuration is valid");
            Ok(())
        }
        Command::ProbeAccelerators => {
            let found = hal_board::probe_in_process();
            say(&serde_json::to_string(&found)?);
            Ok(())
        }
    }
}

fn serve(cli: &Cli) -> Result<()> {
    let config = config::load(&cli.flags)?;
    let logs = logging::start(&config.log)?;
    set_environment(&config)?;
    let Some(opened) = fault::opened(&config)? else { return Ok(()) };
    match serve_with(&config, logs, opened) {
        Err(error) if config.appliance.enabled => {
            complain(&error);
            fault::serve_failure(&config, &error)
        }
        ended => ended,
    }
}

fn serve_with(config: &config::Config, logs: Arc<LogMemory>, opened: fault::Opened) -> Result<()> {
    let data = DataFolder::take(&config.data.directory)?;
    room::Reserve::of(data.path()).spend();
    hal_pkcs11::softhsm::prepare(&data.join("softhsm"))?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start threads")?;
    let ended = runtime.block_on(run::run(config.clone(), data, logs, opened));
    // A call into foreign code that hangs must not keep the process.
    runtime.shutdown_background();
    ended
}

/// SoftHSM and the TPM library read the environment, which may change only before there are threads. What
/// it names is made once the data can be used.
fn set_environment(config: &config::Config) -> Result<()> {
    let folder = std::path::absolute(&config.data.directory).context("key `data.directory` is no path")?;
    hal_pkcs11::softhsm::set_environment(&folder.join("softhsm/softhsm2.conf"))?;
    hal_tpm::tss_log::silence();
    Ok(())
}

/// One line with the cause and the cure.
#[expect(clippy::print_stderr, reason = "what goes wrong at start is told to who started it")]
fn complain(error: &anyhow::Error) {
    eprintln!("anyad: {}", format!("{error:#}").replace('\n', " "));
}

#[expect(clippy::print_stdout, reason = "the answer of a subcommand")]
fn say(text: &str) {
    println!("{text}");
}
