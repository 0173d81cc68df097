//! How updates are, as the box tells it and as people read it.

use jiff::Timestamp;
use serde::Deserialize;

use crate::screen::{clean, pairs, size, time};

#[derive(Deserialize)]
pub(super) struct Status {
    pub(super) availability: Availability,
    pub(super) running: String,
    pub(super) board: Option<String>,
    pub(super) good: bool,
    /// What the box does about updates now.
    pub(super) activity: Option<String>,
    pub(super) phase: Phase,
    pub(super) problem: Option<Trouble>,
    pub(super) offer: Option<Offer>,
    pub(super) last_check: Option<LastCheck>,
    pub(super) next_check: Option<Timestamp>,
    pub(super) previous: Option<Previous>,
}

#[derive(Deserialize)]
pub(super) struct Availability {
    state: String,
    reason: Option<String>,
}

/// Where an update is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub(super) enum Phase {
    Idle,
    Checking,
    Available { version: String },
    Downloading { version: String, done: u64, total: u64 },
    Ready { version: String },
    Installing { version: String, step: String },
    RestartPending { version: String, at: Option<Timestamp> },
    Trial { version: String },
    Good { version: String, at: Timestamp },
    RolledBack { version: String, to: String, reason: String },
}

#[derive(Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Trouble {
    pub(super) text: String,
}

#[derive(Deserialize)]
pub(super) struct Offer {
    pub(super) version: String,
    source: String,
    notes: String,
    signed_by: Vec<String>,
    signed: Timestamp,
    size: u64,
    download: Option<u64>,
    set_aside: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct LastCheck {
    pub(super) at: Timestamp,
    pub(super) problem: Option<Trouble>,
}

#[derive(Deserialize)]
pub(super) struct Previous {
    version: String,
    refused: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Entry {
    pub(super) version: String,
    pub(super) at: Timestamp,
    pub(super) outcome: String,
    pub(super) reason: String,
}

impl Status {
    /// Everything that is known, for people.
    pub(super) fn told(self) -> String {
        let board = self.board.map(|board| format!(" on {board}")).unwrap_or_default();
        let works = if self.good { ", everything works" } else { "" };
        let looked = self.last_check.map(|check| match check.problem {
            None => time(check.at),
            Some(problem) => format!("{}: {}", time(check.at), problem.text),
        });
        let before = self.previous.map(|previous| match previous.refused {
            None => format!("{} (`anya update rollback` goes back)", previous.version),
            Some(reason) => format!("{}: {reason}", previous.version),
        });
        let notes = self.offer.as_ref().map(|offer| offer.notes.trim().to_owned()).unwrap_or_default();
        let offer = self.offer;
        let told = |tell: fn(&Offer) -> String| offer.as_ref().map(tell).unwrap_or_default();
        let pairs = pairs(&[
            ("Version", format!("{}{board}{works}", self.running)),
            ("Updates", self.availability.told()),
            ("Now", self.phase.told()),
            ("Problem", self.problem.map(|problem| problem.text).unwrap_or_default()),
            ("Offered", told(Offer::told)),
            ("Set aside", told(|offer| offer.set_aside.clone().unwrap_or_default())),
            ("Signed by", told(|offer| format!("{}, {}", offer.signed_by.join(", "), time(offer.signed)))),
            ("Last look", looked.unwrap_or_default()),
            ("Next look", self.next_check.map(time).unwrap_or_default()),
            ("Before", before.unwrap_or_default()),
        ]);
        if notes.is_empty() { pairs } else { format!("{pairs}\n\n{}", clean(notes)) }
    }
}

impl Availability {
    /// Nothing where all is as it should be.
    fn told(self) -> String {
        match (self.state.as_str(), self.reason) {
            ("ready", _) => String::new(),
            ("unsupported", _) => "this machine takes none: the box does not run from its own image".into(),
            (state, reason) => reason.unwrap_or_else(|| state.to_owned()),
        }
    }
}

impl Offer {
    fn told(&self) -> String {
        let from = if self.source == "file" { "from a file" } else { "from the server" };
        let fetch = match self.download {
            Some(0) => ", nothing more to download".to_owned(),
            Some(bytes) => format!(", {} to download", size(bytes)),
            None => String::new(),
        };
        format!("{}, {from}, {}{fetch}", self.version, size(self.size))
    }
}

impl Phase {
    /// Where it is, in words.
    pub(super) fn told(&self) -> String {
        match self {
            Self::Idle => "nothing is under way".into(),
            Self::Checking => "looking for a new version".into(),
            Self::Available { version } => format!("{version} can be installed: `anya update install`"),
            Self::Downloading { version, done, total } => {
                format!("downloading {version}, {} of {}", size(*done), size(*total))
            }
            Self::Ready { version } => format!("{version} is downloaded: `anya update install`"),
            Self::Installing { version, step } => format!("installing {version}: {}", told_step(step)),
            Self::RestartPending { version, at: Some(at) } => {
                format!(
                    "{version} is installed; the box restarts into it at {} (`anya update restart`: now)",
                    time(*at)
                )
            }
            Self::RestartPending { version, at: None } => {
                format!("{version} is installed; `anya update restart` starts it")
            }
            Self::Trial { version } => format!("{version} runs; the box checks whether everything works"),
            Self::Good { version, at } => format!("{version} is installed and works, since {}", time(*at)),
            Self::RolledBack { version, to, reason } => {
                format!("{version} did not work, so the box went back to {to}: {reason}")
            }
        }
    }
}

/// A step in words.
fn told_step(step: &str) -> &'static str {
    match step {
        "forget" | "label_empty" => "preparing its place",
        "write_root" | "write_verity" => "writing it",
        "verify_read_back" => "checking what was written",
        _ => "making it ready to start",
    }
}
