//! The command line of the service.

use std::net::SocketAddr;
use std::path::PathBuf;

use appliance_core::node::Chain;
use clap::{Parser, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};

/// The Anya Box service: keys in real HSMs, local AI models, a Bitcoin node and a web page for them.
#[derive(Debug, Parser)]
#[command(name = "anyad", version, disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// What to do; without it, run the service.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    #[command(flatten)]
    pub(crate) flags: Flags,
}

/// What else the program does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub(crate) enum Command {
    /// Run the service (the default)
    Run,
    /// Read the configuration, say what is wrong with it, and end
    CheckConfig,
    /// List accelerators as JSON and end; the service runs this as a child, as drivers can crash
    ProbeAccelerators,
}

/// Flags that override the configuration file and the environment.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Flags {
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) config: Option<PathBuf>,
    /// Folder of everything the box keeps
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) data_dir: Option<PathBuf>,
    /// Address and port to listen on; may be given more than once, port 0 picks a free one
    #[arg(long, value_name = "ADDR", global = true)]
    pub(crate) listen: Vec<SocketAddr>,
    /// Folder of the models
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) models_dir: Option<PathBuf>,
    /// The bitcoind program
    #[arg(long, value_name = "PATH", global = true)]
    pub(crate) bitcoind: Option<PathBuf>,
    /// Where that program comes from, for the node page
    #[arg(long, value_name = "TEXT", global = true)]
    pub(crate) bitcoind_source: Option<String>,
    /// The chain that the node follows: main, test, testnet4, signet or regtest
    #[arg(long, value_name = "CHAIN", global = true, value_parser = parse_chain)]
    pub(crate) chain: Option<Chain>,
    /// Run without a Bitcoin node
    #[arg(long, global = true)]
    pub(crate) no_bitcoin: bool,
    /// Which TPM to use
    #[arg(long, value_name = "MODE", global = true)]
    pub(crate) tpm: Option<TpmMode>,
    /// How log lines look
    #[arg(long, value_name = "FORMAT", global = true)]
    pub(crate) log_format: Option<LogFormat>,
    /// The least important lines to log: error, warn, info, debug or trace
    #[arg(long, value_name = "LEVEL", global = true)]
    pub(crate) log_level: Option<String>,
}

/// Where the TPM is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TpmMode {
    /// Use none.
    #[default]
    Off,
    /// Start a software TPM beside the service, for developers.
    Swtpm,
    /// Use the machine's.
    Device,
    /// Use the machine's where it has one.
    Auto,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// Pretty on a terminal, JSON elsewhere.
    #[default]
    Auto,
    /// One JSON object a line.
    Json,
    /// For people.
    Pretty,
}

fn parse_chain(text: &str) -> Result<Chain, String> {
    [Chain::Main, Chain::Test, Chain::Testnet4, Chain::Signet, Chain::Regtest]
        .into_iter()
        .find(|chain| chain.name() == text)
        .ok_or_else(|| "expected main, test, testnet4, signet or regtest".into())
}
