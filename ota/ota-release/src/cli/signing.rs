//! Commands that sign, or change who signs.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use clap::{ArgAction, ArgGroup, Args};
use ota_core::identifier::Identifier;
use ota_core::version::Version;
use ota_release::openpgp::{self, SigningKey, hsm, key_file};
use ota_release::repository::{Place, ReleaseName, Repository};
use ota_release::rotate::{self, Change};
use ota_release::sign::{self, Subject};
use ota_release::token::HsmKey;

use super::keys::Hsm;
use super::when::When;
use super::{InRepository, Told};

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("with").required(true).args(["key", "hsm"]))]
pub(super) struct Sign {
    #[command(flatten)]
    at: InRepository,
    /// The board of the release
    #[arg(long, value_name = "NAME", required_unless_present = "signers")]
    board: Option<Identifier>,
    /// The channel of the release
    #[arg(long, value_name = "NAME", default_value = "stable")]
    channel: Identifier,
    /// Which release; without it, the one that is staged
    #[arg(long)]
    version: Option<Version>,
    /// Sign the next signer list in place of a release
    #[arg(long, conflicts_with_all = ["board", "version"])]
    signers: bool,
    /// An OpenPGP key file
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// A key in an HSM: the token's label, and the key's label or id
    #[arg(long, value_name = "TOKEN/KEY")]
    hsm: Option<HsmKey>,
    #[command(flatten)]
    access: Hsm,
}

impl Sign {
    pub(super) fn run(self, told: &Told) -> Result<()> {
        let repository = self.at.open()?;
        let subject = self.subject(&repository)?;
        let signed = match (self.key, self.hsm) {
            (Some(file), _) => {
                let mut key = key_file::open(&file, &mut |asked| self.access.secret(asked), told.now)?;
                sign::sign(&repository, &subject, &mut key, told.now)?
            }
            (None, Some(name)) => {
                let open = self.access.open(&name)?;
                let certificates = sign::certificates(&repository)?;
                let mut key: SigningKey = hsm::open(open.token(), &open.key(&name)?, certificates)?;
                sign::sign(&repository, &subject, &mut key, told.now)?
            }
            (None, None) => return Err(anyhow!("sign with --key FILE or --hsm TOKEN/KEY")),
        };
        told.answer(&signed)
    }

    fn subject(&self, repository: &Repository) -> Result<Subject> {
        let Some(board) = self.board.clone() else { return Ok(Subject::NextSigners) };
        let place = Place { channel: self.channel.clone(), board };
        let name = match self.version.clone() {
            Some(version) => ReleaseName { place, version },
            None => repository.staged(&place)?.name(),
        };
        Ok(Subject::Release(name))
    }
}

#[derive(Debug, Args)]
pub(super) struct Rotate {
    #[command(flatten)]
    at: InRepository,
    /// Add a signer, or give one another certificate; FILE is an OpenPGP certificate. May be repeated
    #[arg(long, value_name = "NAME=FILE", value_parser = name_and_file, action = ArgAction::Append)]
    add: Vec<(String, PathBuf)>,
    /// Remove a signer. May be repeated
    #[arg(long, value_name = "NAME")]
    remove: Vec<String>,
    /// How many signers it takes; without it as before, and 2 at first
    #[arg(long, value_name = "NUMBER")]
    threshold: Option<u64>,
    /// When the list expires: days from now, or a date
    #[arg(long, value_name = "DAYS|DATE", default_value = "365")]
    expires: When,
    /// Publish the list that was made and signed
    #[arg(long, conflicts_with_all = ["add", "remove", "threshold", "expires"])]
    publish: bool,
}

impl Rotate {
    pub(super) fn run(self, told: &Told) -> Result<()> {
        let repository = Repository::open_or_begin(&self.at.repository)?;
        if self.publish {
            return told.answer(&rotate::publish(&repository, told.now)?);
        }
        let add = self.add.into_iter().map(|(name, file)| {
            let bytes = fs::read(&file).with_context(|| format!("--add: cannot read {}", file.display()))?;
            Ok((name, openpgp::certificate(&file.display().to_string(), &bytes)?))
        });
        let change = Change {
            add: add.collect::<Result<_>>()?,
            remove: self.remove,
            threshold: self.threshold,
            expires: self.expires.after(told.now)?,
        };
        told.answer(&rotate::rotate(&repository, &change, told.now)?)
    }
}

fn name_and_file(text: &str) -> Result<(String, PathBuf), &'static str> {
    match text.split_once('=') {
        Some((name, file)) if !name.is_empty() && !file.is_empty() => {
            Ok((name.to_owned(), Path::new(file).to_owned()))
        }
        _ => Err("write the signer's name, =, and the file of the certificate: Alice=alice.asc"),
    }
}
