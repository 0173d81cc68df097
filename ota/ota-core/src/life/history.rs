//! What became of updates, newest first.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::version::Version;

/// How many entries are kept.
const KEPT: usize = 50;

/// What became of an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It runs, and was marked good.
    Installed,
    /// It was refused before anything was written.
    Refused,
    /// It could not be downloaded or written.
    Failed,
    /// It did not work, and the box went back by itself.
    RolledBack,
    /// The owner went back.
    TakenBack,
}

/// An entry of the history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The version that it is about.
    pub version: Version,
    /// When.
    pub at: Timestamp,
    /// What.
    pub outcome: Outcome,
    /// Why, in words for the owner; empty when all went well.
    pub reason: String,
}

/// The history, newest first and bounded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct History(Vec<Entry>);

impl History {
    /// Adds what just happened. What is the newest entry already is not added again: a check that is refused
    /// every hour for one reason is one entry.
    pub fn add(&mut self, entry: Entry) {
        let same = |newest: &Entry| {
            (&newest.version, newest.outcome, &newest.reason)
                == (&entry.version, entry.outcome, &entry.reason)
        };
        if self.0.first().is_some_and(same) {
            return;
        }
        self.0.insert(0, entry);
        self.0.truncate(KEPT);
    }

    /// The entries, newest first.
    pub fn entries(&self) -> &[Entry] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_bounded_and_does_not_repeat_itself() {
        let mut history = History::default();
        let entry = |patch: usize, outcome| Entry {
            version: format!("1.0.{patch}").parse().unwrap(),
            at: "2026-11-21T00:00:00Z".parse().unwrap(),
            outcome,
            reason: String::new(),
        };
        (0..100).for_each(|patch| history.add(entry(patch, Outcome::Installed)));
        history.add(entry(99, Outcome::Installed));
        assert_eq!(history.entries().len(), KEPT);
        assert_eq!(history.entries()[..2], [entry(99, Outcome::Installed), entry(98, Outcome::Installed)]);
        history.add(entry(99, Outcome::TakenBack));
        assert_eq!(history.entries()[0].outcome, Outcome::TakenBack);
        let text = serde_json::to_string(&history).unwrap();
        assert_eq!(serde_json::from_str::<History>(&text).unwrap(), history);
    }
}
