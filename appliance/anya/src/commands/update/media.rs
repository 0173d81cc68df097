//! Releases on a stick that is plugged into the box.

use std::thread;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::PATH;
use super::status::Status;
use crate::commands::Session;
use crate::failure::Failure;
use crate::progress::{ProgressLine, bar};
use crate::screen::{size, table};

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(500);

#[derive(Deserialize)]
struct Media {
    releases: Vec<Release>,
    taking: Option<Taking>,
}

#[derive(Deserialize)]
struct Release {
    medium: String,
    file: String,
    version: String,
    board: String,
    size: u64,
    fit: String,
}

#[derive(Deserialize)]
struct Taking {
    done: u64,
    total: u64,
}

impl Release {
    /// Whether the box takes it, for people.
    fn told(&self) -> &str {
        match self.fit.as_str() {
            "newer" => "can be installed",
            "running" => "runs already",
            "older" => "is older than what runs",
            "other_board" => "is for another kind of box",
            "not_whole" => "is only a part of a version",
            "too_large" => "is too large",
            other => other,
        }
    }
}

pub(super) fn list(session: &Session) -> Result<(), Failure> {
    session.screen.show(&ask(session)?, |media: Media| {
        let rows = media.releases.into_iter().map(|release| {
            let told = release.told().to_owned();
            [release.medium, release.version, release.board, size(release.size), told]
        });
        let none = "No stick with a release is plugged into the box.";
        table(&["medium", "version", "for", "size", ""], rows, none)
    })
}

/// Has the box take a release from a stick, the newest that fits or this version, and gives how updates are once it
/// is offered.
pub(super) fn take(session: &Session, wanted: Option<&str>) -> Result<Value, Failure> {
    let release = choose(read(&ask(session)?)?, wanted)?;
    let body = json!({ "medium": release.medium, "file": release.file });
    session.client.post(&format!("{PATH}/media"), &body)?;
    let mut line = ProgressLine::new(session.screen.is_json());
    while let Some(Taking { done, total }) = read(&ask(session)?)?.taking {
        if done < total {
            line.tell("copying", &bar("Copying from the stick", done, total))?;
        } else {
            line.tell("checking", "The box checks the file")?;
        }
        thread::sleep(PAUSE);
    }
    line.end()?;
    let now = session.client.get(PATH, &[])?;
    match Status::deserialize(&now).map_err(Failure::OtherShape)?.problem {
        Some(problem) => Err(Failure::Update(problem.text)),
        None => Ok(now),
    }
}

fn ask(session: &Session) -> Result<Value, Failure> {
    session.client.get(&format!("{PATH}/media"), &[])
}

fn read(media: &Value) -> Result<Media, Failure> {
    Media::deserialize(media).map_err(Failure::OtherShape)
}

fn choose(media: Media, wanted: Option<&str>) -> Result<Release, Failure> {
    let is_wanted = |release: &Release| wanted.is_none_or(|version| release.version == version);
    let mut releases: Vec<_> = media.releases.into_iter().filter(is_wanted).collect();
    if let Some(at) = releases.iter().position(|release| release.fit == "newer") {
        return Ok(releases.swap_remove(at));
    }
    let told = match (releases.first(), wanted) {
        (Some(release), _) => format!("{} on the stick {}", release.file, release.told()),
        (None, Some(version)) => format!("version {version} is on no stick that is plugged into the box"),
        (None, None) => "no stick with a release is plugged into the box".into(),
    };
    Err(Failure::Argument(told))
}
