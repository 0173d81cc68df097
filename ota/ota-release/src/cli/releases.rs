//! Commands about releases.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use ota_core::trust::Known;
use ota_core::version::Version;
use ota_release::make::Order;
use ota_release::{bundle, make, prune, publish, verify};

use super::when::When;
use super::{InPlace, InRepository, Told};

#[derive(Debug, Args)]
#[command(args_override_self = true)]
pub(super) struct Make {
    #[command(flatten)]
    place: InPlace,
    /// The image's folder, which `image build` prints
    #[arg(long, value_name = "DIR")]
    image: PathBuf,
    /// The version of the release
    #[arg(long)]
    version: Version,
    /// The security epoch: raised when releases before it must not be installed any more
    #[arg(long)]
    epoch: u64,
    /// The oldest version that it may be installed over
    #[arg(long, value_name = "VERSION")]
    minimum_version: Version,
    /// When it expires: days from now, or a date
    #[arg(long, value_name = "DAYS|DATE")]
    expires: When,
    /// What is new: a file of plain text
    #[arg(long, value_name = "FILE")]
    notes: PathBuf,
}

impl Make {
    pub(super) fn run(self, told: &Told) -> Result<()> {
        let repository = self.place.at.open()?;
        let notes = fs::read_to_string(&self.notes)
            .with_context(|| format!("--notes: cannot read {}", self.notes.display()))?;
        let order = Order {
            image: self.image,
            name: self.place.name(self.version),
            epoch: self.epoch,
            minimum_version: self.minimum_version,
            expires: self.expires.after(told.now)?,
            notes: notes.trim_end().to_owned(),
        };
        told.answer(&make::make(&repository, &order, told.now)?)
    }
}

#[derive(Debug, Args)]
pub(super) struct Verify {
    #[command(flatten)]
    place: InPlace,
    /// Which release; without it, the current one
    #[arg(long)]
    version: Option<Version>,
    /// The signer list that is trusted, as an image has it; without it, the first of the repository
    #[arg(long, value_name = "FILE")]
    trusted: Option<PathBuf>,
}

impl Verify {
    pub(super) fn run(self, told: &Told) -> Result<()> {
        let repository = self.place.at.open()?;
        let release = self.place.current(&repository, self.version)?;
        let trusted = self.trusted.map(|path| -> Result<Vec<u8>> {
            fs::read(&path).with_context(|| format!("--trusted: cannot read {}", path.display()))
        });
        let (trusted, known) = (trusted.transpose()?, Known::default());
        told.answer(&verify::verify(&repository, &release, trusted.as_deref(), &known, told.now)?)
    }
}

#[derive(Debug, Args)]
pub(super) struct Publish {
    #[command(flatten)]
    place: InPlace,
    /// Which release; without it, the one that is staged
    #[arg(long)]
    version: Option<Version>,
}

impl Publish {
    pub(super) fn run(self, told: &Told) -> Result<()> {
        let repository = self.place.at.open()?;
        let release = self.place.staged(&repository, self.version)?;
        told.answer(&publish::publish(&repository, &release, told.now)?)
    }
}

#[derive(Debug, Args)]
pub(super) struct Bundle {
    #[command(flatten)]
    place: InPlace,
    /// Which release; without it, the current one
    #[arg(long)]
    version: Option<Version>,
    /// Leave out the chunks of this older release. Boxes do not read such a bundle yet
    #[arg(long, value_name = "VERSION")]
    from: Option<Version>,
    /// The folder that the bundle is written into
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
}

impl Bundle {
    pub(super) fn run(self, told: &Told) -> Result<()> {
        let repository = self.place.at.open()?;
        let release = self.place.current(&repository, self.version)?;
        let from = self.from.map(|version| repository.release(&self.place.name(version))).transpose()?;
        told.answer(&bundle::bundle(&repository, &release, from.as_ref(), &self.out, told.now)?)
    }
}

#[derive(Debug, Args)]
pub(super) struct Prune {
    #[command(flatten)]
    at: InRepository,
    /// How many releases before the current one stay, for boxes that are downloading them and for bundles
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    keep: usize,
    /// Only count what would be removed
    #[arg(long)]
    dry_run: bool,
}

impl Prune {
    pub(super) fn run(self, told: &Told) -> Result<()> {
        told.answer(&prune::prune(&self.at.open()?, self.keep, self.dry_run)?)
    }
}
