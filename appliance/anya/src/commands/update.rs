//! Updates of the box's own software.

mod media;
mod settings;
mod status;
mod wait;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use ota_core::version::Version;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Session;
use crate::failure::Failure;
use crate::progress::{Counted, ProgressLine};
use crate::screen::{table, time};
use settings::Settings;
use status::{Entry, Status};
use wait::Goal;

const PATH: &str = "/api/v1/updates";

#[derive(Subcommand)]
pub(crate) enum Command {
    /// What runs, what can be installed, how far it is
    Status,
    /// Look for a new version
    Check(Waiting),
    /// Download the version that is offered, without installing it
    Download(Waiting),
    /// Install the version that is offered, or that of a file or a USB stick, and wait until it is done
    Install(Install),
    /// The versions on a USB stick that is plugged into the box
    Media,
    /// End what is under way; what was downloaded stays
    Cancel,
    /// Restart the box now, into the version that is installed
    Restart,
    /// Go back to the version before; the box restarts
    Rollback,
    /// Show what was decided about updates, or decide it
    Settings(Settings),
    /// What became of updates
    History,
}

#[derive(Args)]
pub(crate) struct Waiting {
    /// Do not wait until it is done
    #[arg(long)]
    no_wait: bool,
}

#[derive(Args)]
pub(crate) struct Install {
    /// The version; or a release in one file, for a box without a network. What is offered when absent
    #[arg(value_name = "VERSION|FILE")]
    what: Option<String>,
    /// From a USB stick that is plugged into the box: the newest version on it, or the one that is named
    #[arg(long)]
    media: bool,
    /// Also when the box set the version aside, as it failed before
    #[arg(long)]
    insist: bool,
    #[command(flatten)]
    waiting: Waiting,
}

#[derive(Deserialize)]
struct History {
    items: Vec<Entry>,
}

pub(crate) fn run(command: Command, session: &Session) -> Result<ExitCode, Failure> {
    let Session { client, screen } = session;
    match command {
        Command::Status => screen.show(&client.get(PATH, &[])?, Status::told)?,
        Command::Check(waiting) => follow(session, Goal::Checked, "check", &waiting)?,
        Command::Download(waiting) => follow(session, Goal::Downloaded, "download", &waiting)?,
        Command::Install(install) => install.run(session)?,
        Command::Media => media::list(session)?,
        Command::Cancel => {
            let status = client.post_empty(&format!("{PATH}/cancel"))?;
            screen.show(&status, |_: Value| "It ends; what was downloaded stays.".into())?;
        }
        Command::Restart => {
            let status = client.post_empty(&format!("{PATH}/restart"))?;
            screen.show(&status, |_: Value| format!("The box restarts. {AFTER_RESTART}"))?;
        }
        Command::Rollback => {
            let status = client.post_empty(&format!("{PATH}/rollback"))?;
            let told = "The box goes back to the version before, and restarts.";
            screen.show(&status, |_: Value| format!("{told} {AFTER_RESTART}"))?;
        }
        Command::Settings(settings) => settings.run(session)?,
        Command::History => screen.show(&client.get(&format!("{PATH}/history"), &[])?, history)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// What to do once the box restarts.
const AFTER_RESTART: &str = "In a minute or two `anya update status` tells what came of it.";

/// Gives an order, and waits for what comes of it.
fn follow(session: &Session, goal: Goal, order: &str, waiting: &Waiting) -> Result<(), Failure> {
    let begun = session.client.post_empty(&format!("{PATH}/{order}"))?;
    wait::reach(session, goal, begun, waiting.no_wait)
}

impl Install {
    fn run(self, session: &Session) -> Result<(), Failure> {
        let before = match (self.what.as_deref().map(Wanted::read).transpose()?, self.media) {
            (Some(Wanted::File(path)), false) => send(session, &path)?,
            (Some(Wanted::File(_)), true) => {
                let told = "with --media, name a version; the box itself finds the file on the stick";
                return Err(Failure::Argument(told.into()));
            }
            (Some(Wanted::Version(version)), false) => return self.order(session, &version),
            (Some(Wanted::Version(version)), true) => media::take(session, Some(&version))?,
            (None, true) => media::take(session, None)?,
            (None, false) => session.client.get(PATH, &[])?,
        };
        let status = Status::deserialize(&before).map_err(Failure::OtherShape)?;
        match status.offer {
            Some(offer) => self.order(session, &offer.version),
            None => Err(Failure::Argument(
                "there is nothing to install; `anya update check` looks for a new version".into(),
            )),
        }
    }

    fn order(&self, session: &Session, version: &str) -> Result<(), Failure> {
        let body = json!({ "version": version, "insist": self.insist });
        let begun = session.client.post(&format!("{PATH}/install"), &body)?;
        wait::reach(session, Goal::Installed(version.to_owned()), begun, self.waiting.no_wait)
    }
}

/// What somebody wants to install.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    Version(String),
    File(PathBuf),
}

impl Wanted {
    /// A version looks like one; everything else is a file, which has to be there.
    fn read(text: &str) -> Result<Self, Failure> {
        if text.parse::<Version>().is_ok() {
            return Ok(Self::Version(text.to_owned()));
        }
        if Path::new(text).is_file() {
            return Ok(Self::File(text.into()));
        }
        Err(Failure::Argument(format!(
            "`{text}` is neither a version such as 1.2.3 nor a file that is there"
        )))
    }
}

/// Sends a release in one file, which the box then offers.
fn send(session: &Session, path: &Path) -> Result<Value, Failure> {
    let failed = |source| Failure::File { operation: "read", path: path.into(), source };
    let file = File::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    let line = ProgressLine::new(session.screen.is_json());
    let counted = Counted::new(file, length, "Sending the file", line);
    session.client.post_bytes(&format!("{PATH}/file"), counted, length)
}

fn history(history: History) -> String {
    let rows = history.items.into_iter().map(|entry| {
        let Entry { version, at, outcome, reason } = entry;
        [time(at), version, outcome.replace('_', " "), reason]
    });
    table(&["at", "version", "outcome", "reason"], rows, "There was no update yet.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_and_a_file_are_told_apart() {
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        assert_eq!(Wanted::read("1.3.0-rc.1").unwrap(), Wanted::Version("1.3.0-rc.1".into()));
        assert_eq!(Wanted::read(manifest).unwrap(), Wanted::File(manifest.into()));
        let told = Wanted::read("no-such.update").unwrap_err().to_string();
        assert!(told.contains("neither a version such as 1.2.3 nor a file"), "{told}");
    }
}
