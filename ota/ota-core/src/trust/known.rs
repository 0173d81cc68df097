//! What the box remembers, so that nobody can lead it back.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Clock;
use crate::identifier::Identifier;
use crate::version::Version;

/// A synchronised clock is remembered only up to this long after the newest signed time: a time server that
/// lies once must not make everything expired for good. Two years: a box that follows no channel for longer
/// has other worries.
const FURTHEST_REMEMBERED: SignedDuration = SignedDuration::from_hours(2 * 365 * 24);

/// What was seen of a channel, in releases that were believed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelSeen {
    /// The highest version.
    pub version: Version,
    /// The newest time of signing.
    pub signed: Timestamp,
}

/// Why a version is not installed by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "why")]
pub enum SetAside {
    /// It was tried here and did not work.
    Failed {
        /// In words.
        reason: String,
    },
    /// The owner went back from it.
    RolledBack,
}

/// What the box remembers. To be stored whole, and before anything is done because of it. It only grows:
/// nothing in it goes back, whatever is seen later.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// The highest security epoch seen; where there is a TPM, its counter may know a higher one
    /// ([`Known::with_counter`]).
    pub highest_epoch: u64,
    /// What was seen of each channel.
    pub channels: BTreeMap<Identifier, ChannelSeen>,
    /// The last time that a synchronised clock said.
    pub last_time: Option<Timestamp>,
    /// The versions that are not installed by themselves, and why.
    pub set_aside: BTreeMap<Version, SetAside>,
}

impl Known {
    /// With what the TPM's counter says: the state could be an old copy, the counter cannot.
    #[must_use]
    pub fn with_counter(mut self, epoch: u64) -> Self {
        self.highest_epoch = self.highest_epoch.max(epoch);
        self
    }

    /// The newest time that any believed release was signed at.
    pub fn newest_signed(&self) -> Option<Timestamp> {
        self.channels.values().map(|seen| seen.signed).max()
    }

    /// The clock of a box whose image was built at `built`.
    pub fn clock(&self, built: Timestamp, system: Timestamp, synchronised: bool) -> Clock {
        let floor = [self.newest_signed(), self.last_time].into_iter().flatten().fold(built, Timestamp::max);
        Clock { system, synchronised, floor }
    }

    /// Remembers the time, when the clock can be believed. Returns whether there is something to store.
    pub fn note_time(&mut self, built: Timestamp, system: Timestamp, synchronised: bool) -> bool {
        let newest = self.newest_signed().map_or(built, |signed| signed.max(built));
        let believed = synchronised && system.duration_since(newest) <= FURTHEST_REMEMBERED;
        let news = believed && self.last_time.is_none_or(|last| system > last);
        if news {
            self.last_time = Some(system);
        }
        news
    }

    /// A version is not to be installed by itself any more.
    pub fn set_aside(&mut self, version: Version, why: SetAside) {
        self.set_aside.insert(version, why);
    }

    /// The owner wants a version that was set aside after all.
    pub fn take_up(&mut self, version: &Version) {
        self.set_aside.remove(version);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time: &str) -> Timestamp {
        time.parse().unwrap()
    }

    fn built() -> Timestamp {
        at("2026-01-01T00:00:00Z")
    }

    #[test]
    fn the_floor_is_the_latest_of_the_three() {
        let mut known = Known::default();
        let system = at("1970-01-01T00:00:00Z");
        assert_eq!(known.clock(built(), system, false).now(), built());
        let seen = ChannelSeen { version: "1.0.0".parse().unwrap(), signed: at("2026-03-01T00:00:00Z") };
        known.channels.insert("stable".parse().unwrap(), seen);
        assert_eq!(known.clock(built(), system, false).now(), at("2026-03-01T00:00:00Z"));
        assert!(known.note_time(built(), at("2026-05-01T00:00:00Z"), true));
        assert_eq!(known.clock(built(), system, false).now(), at("2026-05-01T00:00:00Z"));
        assert_eq!(known.clock(at("2026-07-01T00:00:00Z"), system, false).now(), at("2026-07-01T00:00:00Z"));
    }

    #[test]
    fn a_time_that_cannot_be_believed_is_not_remembered() {
        let mut known = Known::default();
        assert!(!known.note_time(built(), at("2099-01-01T00:00:00Z"), false), "not synchronised");
        assert!(!known.note_time(built(), at("2099-01-01T00:00:00Z"), true), "nothing is signed near it");
        assert!(known.note_time(built(), at("2026-05-01T00:00:00Z"), true));
        assert!(!known.note_time(built(), at("2026-04-01T00:00:00Z"), true), "earlier");
        assert_eq!(known.last_time, Some(at("2026-05-01T00:00:00Z")));
    }

    #[test]
    fn the_state_is_read_as_it_was_written_and_the_counter_wins() {
        let mut known = Known { highest_epoch: 4, ..Known::default() };
        known.set_aside("1.1.0".parse().unwrap(), SetAside::Failed { reason: "It never got ready.".into() });
        known.set_aside("1.0.0".parse().unwrap(), SetAside::RolledBack);
        let text = serde_json::to_string(&known).unwrap();
        assert_eq!(serde_json::from_str::<Known>(&text).unwrap(), known);
        assert_eq!(known.clone().with_counter(3).highest_epoch, 4);
        assert_eq!(known.with_counter(5).highest_epoch, 5);
    }
}
