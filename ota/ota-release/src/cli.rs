//! The commands of the tool.

mod keys;
mod releases;
mod signing;
mod when;

use std::fmt::Display;
use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use jiff::Timestamp;
use ota_core::identifier::Identifier;
use ota_core::version::Version;
use ota_release::clock;
use ota_release::repository::{Place, Release, ReleaseName, Repository};
use serde::Serialize;

/// Makes, signs, verifies and publishes releases of the Anya Box, and rotates their signers
#[derive(Debug, Parser)]
#[command(name = "ota-release", version, disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// Answer in JSON, errors included
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a release of an image, to be signed and published
    Make(releases::Make),
    /// Sign a release, or the next signer list
    Sign(signing::Sign),
    /// Check a release as a box would, and every chunk and part
    Verify(releases::Verify),
    /// Offer a staged release to boxes, once enough have signed it
    Publish(releases::Publish),
    /// Make the next signer list, or publish it
    Rotate(signing::Rotate),
    /// Make keys that sign releases
    Keys {
        #[command(subcommand)]
        command: keys::Keys,
    },
    /// Make the OpenPGP certificate of a key in an HSM
    SignerCertificate(keys::SignerCertificate),
    /// Write a release into one file, for boxes without a network
    Bundle(releases::Bundle),
    /// Remove what no current or staged release needs
    Prune(releases::Prune),
}

/// A repository.
#[derive(Debug, Args)]
struct InRepository {
    /// The repository: the folder that is served
    #[arg(long, value_name = "DIR", env = "OTA_REPOSITORY")]
    repository: PathBuf,
}

/// A place of a repository.
#[derive(Debug, Args)]
struct InPlace {
    #[command(flatten)]
    at: InRepository,
    /// The board
    #[arg(long, value_name = "NAME")]
    board: Identifier,
    /// The channel
    #[arg(long, value_name = "NAME", default_value = "stable")]
    channel: Identifier,
}

impl InRepository {
    fn open(&self) -> ota_release::Result<Repository> {
        Repository::open(&self.repository)
    }
}

impl InPlace {
    fn place(&self) -> Place {
        Place { channel: self.channel.clone(), board: self.board.clone() }
    }

    fn name(&self, version: Version) -> ReleaseName {
        ReleaseName { place: self.place(), version }
    }

    /// The release of this version; without one, the one that is staged.
    fn staged(&self, repository: &Repository, version: Option<Version>) -> ota_release::Result<Release> {
        match version {
            Some(version) => repository.release(&self.name(version)),
            None => repository.staged(&self.place()),
        }
    }

    /// The release of this version; without one, what is current.
    fn current(&self, repository: &Repository, version: Option<Version>) -> ota_release::Result<Release> {
        let Some(version) = version else {
            return repository.current(&self.place())?.ok_or_else(|| ota_release::ReleaseError::Missing {
                what: format!("a published release of {}", self.place()),
                cure: "`ota-release publish` publishes one; name a staged one with --version",
            });
        };
        repository.release(&self.name(version))
    }
}

impl Cli {
    pub(crate) fn run(self) -> Result<()> {
        let told = Told { json: self.json, now: clock::now() };
        match self.command {
            Command::Make(make) => make.run(&told),
            Command::Sign(sign) => sign.run(&told),
            Command::Verify(verify) => verify.run(&told),
            Command::Publish(publish) => publish.run(&told),
            Command::Rotate(rotate) => rotate.run(&told),
            Command::Keys { command } => command.run(&told),
            Command::SignerCertificate(certificate) => certificate.run(&told),
            Command::Bundle(bundle) => bundle.run(&told),
            Command::Prune(prune) => prune.run(&told),
        }
    }
}

/// When it is, and how to answer.
struct Told {
    json: bool,
    now: Timestamp,
}

impl Told {
    #[expect(clippy::print_stdout, reason = "the answer of a command-line tool")]
    fn answer(&self, outcome: &(impl Serialize + Display)) -> Result<()> {
        if self.json {
            println!("{}", serde_json::to_string(outcome)?);
        } else {
            println!("{outcome}");
        }
        Ok(())
    }
}
