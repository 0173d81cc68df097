//! The command line's grammar.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use reqwest::Url;

use crate::commands::{access, api_keys, audit, bitcoin, chat, embed, keys, update};

/// The Anya Box on the command line.
#[derive(Parser)]
#[command(name = "anya", version, arg_required_else_help = true, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) target: Target,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Which box, and how to speak.
#[derive(Args)]
pub(crate) struct Target {
    /// The box's address; without it the one of `anya login`, or https://localhost:8443
    #[arg(long, env = "ANYA_URL", global = true)]
    pub(crate) url: Option<Url>,
    /// The box's certificate authority (PEM), such as .anya/tls/ca.crt on a developer's machine
    #[arg(long, env = "ANYA_CA_FILE", global = true, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Print the API's JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// How the box is
    Status,
    /// Make the box yours with the claim code that its console shows
    Claim(access::Claim),
    /// Sign in on this computer
    Login(access::Login),
    /// Forget the box on this computer and delete the API key of `anya login`
    Logout,
    /// API keys, for programs
    #[command(subcommand)]
    ApiKeys(api_keys::Command),
    /// Keys in the box's tokens, and signatures with them
    #[command(subcommand)]
    Keys(keys::Command),
    /// The tokens (HSMs) that hold keys
    Tokens,
    /// The audit log: who did what with which key
    Audit(audit::Audit),
    /// The Bitcoin node
    #[command(subcommand)]
    Bitcoin(bitcoin::Command),
    /// Updates of the box's own software
    #[command(subcommand)]
    Update(update::Command),
    /// The devices that can run models
    Devices,
    /// The models
    Models,
    /// Turn texts into vectors, and compare them
    Embed(embed::Embed),
    /// Talk to the model
    Chat(chat::Chat),
}
