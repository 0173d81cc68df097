//! Commands about what images hold: `lock`, `inspect`, `compare`.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use image::inspect;
use image::lock::{self, Lock, Mirror, Wanted};
use image::places::Places;
use image::reproduce;
use image::tools::Tools;

use super::say;

#[derive(Debug, clap::Args)]
pub(super) struct LockPackages {
    /// Ask Debian for the newest packages and lock those; else the locked ones are only fetched
    #[arg(long)]
    update: bool,
    /// Debian's name of the architecture
    #[arg(long, default_value = "amd64")]
    architecture: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct Inspect {
    /// A folder that `build` made, or a disk; without it, the newest image of the board
    image: Option<PathBuf>,
    /// The board whose newest image is meant
    #[arg(long, default_value = "qemu-x86_64")]
    board: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Compare {
    /// A folder that `build` made
    first: PathBuf,
    /// Another one
    second: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl LockPackages {
    pub(super) fn run(self, places: &Places) -> Result<()> {
        let tools = Tools::ready(places)?;
        let path = Lock::path(places.repository(), &self.architecture);
        if !self.update {
            let repository = lock::Pool::in_cache(places).fill(&Lock::read(&path)?, &tools)?;
            say(&repository.display().to_string());
            return Ok(());
        }
        let wanted = Wanted::by_boards(places.repository(), &self.architecture)?;
        let folder = lock::resolve::folder(&places.images(), &self.architecture);
        let new = lock::update(&tools, &wanted, &Mirror::of_this_machine()?, &folder)?;
        let changes = match fs::read_to_string(&path) {
            Ok(text) => Lock::parse(&text).context("the old lock")?.changes(&new),
            Err(_) => vec![format!("{} packages are new", new.packages.len())],
        };
        new.write(&path)?;
        say(&if changes.is_empty() { "Nothing is new.".to_owned() } else { changes.join("\n") });
        Ok(())
    }
}

impl Inspect {
    pub(super) fn run(self, places: &Places) -> Result<()> {
        let tools = Tools::ready(places)?;
        let image = self.image.unwrap_or_else(|| places.board(&self.board));
        let report = inspect::inspect(&tools, &image)?;
        say(&if self.json { serde_json::to_string_pretty(&report)? } else { report.table() });
        match report.faults.len() {
            0 => Ok(()),
            count => bail!("the image has {count} faults"),
        }
    }
}

impl Compare {
    pub(super) fn run(self, places: &Places) -> Result<()> {
        let tools = Tools::ready(places)?;
        let differences = reproduce::compare(&tools, &self.first, &self.second)?;
        if self.json {
            say(&serde_json::to_string_pretty(&differences)?);
        } else {
            for difference in &differences {
                say(&format!("{}: {}", difference.part, difference.what));
            }
        }
        if differences.is_empty() {
            if !self.json {
                say("The images are the same.");
            }
            return Ok(());
        }
        bail!("the images differ")
    }
}
