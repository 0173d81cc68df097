//! Commands that make keys and certificates.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use hal_api::KeyAlgorithm;
use ota_release::openpgp::key_file::{self, NewKey};
use ota_release::openpgp::{self, hsm};
use ota_release::token::{HsmKey, OpenToken};
use serde::Serialize;
use zeroize::Zeroizing;

use super::Told;

/// How to come at a secret key.
#[derive(Debug, Args)]
pub(super) struct Hsm {
    /// The HSM's PKCS#11 module; without it, SoftHSM's
    #[arg(long, value_name = "FILE")]
    module: Option<PathBuf>,
    /// A file whose first line is the key's password or the token's PIN; without it, it is asked for
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
}

impl Hsm {
    pub(super) fn open(&self, key: &HsmKey) -> Result<OpenToken> {
        let asked = format!("PIN of the token {}", key.token);
        let pin = self.secret(&asked).with_context(|| format!("cannot ask for the {asked}"))?;
        Ok(OpenToken::open(self.module.clone(), &key.token, pin)?)
    }

    pub(super) fn secret(&self, asked: &str) -> io::Result<Zeroizing<String>> {
        let Some(path) = &self.secret_file else {
            return rpassword::prompt_password(format!("{asked}: ")).map(Zeroizing::new);
        };
        let text = Zeroizing::new(fs::read_to_string(path)?);
        Ok(Zeroizing::new(text.lines().next().unwrap_or_default().to_owned()))
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Keys {
    /// Make a signer's key: an OpenPGP key file for tests and developers, or a key in an HSM
    New(New),
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Algorithm {
    Ed25519,
    P256,
    /// Only in an HSM
    Rsa2048,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("where").required(true).args(["out", "hsm"]))]
pub(super) struct New {
    /// The signer's name, for the certificate; an HSM takes it from `signer-certificate`
    #[arg(long, required_unless_present = "hsm")]
    name: Option<String>,
    /// The kind of key
    #[arg(long, value_enum, default_value = "ed25519")]
    algorithm: Algorithm,
    /// The key file; its certificate, for others, comes beside it, as .asc
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The HSM's token, and a label for the key
    #[arg(long, value_name = "TOKEN/KEY")]
    hsm: Option<HsmKey>,
    #[command(flatten)]
    access: Hsm,
}

/// A key that was made.
#[derive(Serialize)]
struct MadeKey {
    /// Its fingerprint, or its id in the HSM.
    id: String,
    /// Where it is.
    key: String,
    /// The certificate for others.
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<PathBuf>,
}

impl Keys {
    pub(super) fn run(self, told: &Told) -> Result<()> {
        let Self::New(new) = self;
        match (&new.hsm, &new.out) {
            (Some(name), _) => new.in_hsm(name, told),
            (None, Some(out)) => new.in_file(out, told),
            (None, None) => bail!("say where the key goes: --out FILE or --hsm TOKEN/KEY"),
        }
    }
}

impl New {
    fn in_hsm(&self, name: &HsmKey, told: &Told) -> Result<()> {
        let algorithm = match self.algorithm {
            Algorithm::Ed25519 => KeyAlgorithm::Ed25519,
            Algorithm::P256 => KeyAlgorithm::P256,
            Algorithm::Rsa2048 => KeyAlgorithm::Rsa2048,
        };
        let key = self.access.open(name)?.generate(name, algorithm)?;
        told.answer(&MadeKey { id: key.id.to_string(), key: name.to_string(), certificate: None })
    }

    fn in_file(&self, out: &Path, told: &Told) -> Result<()> {
        let kind = match self.algorithm {
            Algorithm::Ed25519 => NewKey::Ed25519,
            Algorithm::P256 => NewKey::P256,
            Algorithm::Rsa2048 => bail!("--algorithm: a key file is ed25519 or p256"),
        };
        let certificate = out.with_extension("asc");
        for file in [out, certificate.as_path()] {
            ensure!(!file.exists(), "--out: {} is there already, and is not overwritten", file.display());
        }
        ensure!(certificate != out, "--out: .asc is for the certificate; call the key NAME.key");
        let name = self.name.as_deref().context("--name is missing")?;
        let key = key_file::generate(name, kind, told.now)?;
        key_file::write(out, &key)?;
        openpgp::write_certificate(&certificate, &key)?;
        let made = MadeKey {
            id: key.fingerprint().to_hex(),
            key: out.display().to_string(),
            certificate: Some(certificate),
        };
        told.answer(&made)
    }
}

#[derive(Debug, Args)]
pub(super) struct SignerCertificate {
    /// The key: the token's label, and the key's label or id
    #[arg(long, value_name = "TOKEN/KEY")]
    hsm: HsmKey,
    /// The signer's name
    #[arg(long)]
    name: String,
    /// Where the certificate goes
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    access: Hsm,
}

impl SignerCertificate {
    pub(super) fn run(self, told: &Told) -> Result<()> {
        ensure!(!self.out.exists(), "--out: {} is there already, and is not overwritten", self.out.display());
        let open = self.access.open(&self.hsm)?;
        let certificate = hsm::certificate(open.token(), &open.key(&self.hsm)?, &self.name, told.now)?;
        openpgp::write_certificate(&self.out, &certificate)?;
        let made = MadeKey {
            id: certificate.fingerprint().to_hex(),
            key: self.hsm.to_string(),
            certificate: Some(self.out),
        };
        told.answer(&made)
    }
}

impl fmt::Display for MadeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  key {}", self.id, self.key)?;
        match &self.certificate {
            Some(path) => write!(f, "\n  certificate {}", path.display()),
            None => write!(f, "\n  `signer-certificate --hsm {}` makes its certificate", self.key),
        }
    }
}
