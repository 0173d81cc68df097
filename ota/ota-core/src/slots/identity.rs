//! Which slot runs, and so which one may be written.
//!
//! The running slot is told by the root hash that was booted: its halves are the UUIDs of the partitions
//! that the kernel mounted. Nothing else decides, neither labels nor the order of devices: an installation
//! that guesses wrong overwrites the running system. When the root hash does not tell, nothing is written.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use super::entry::IMAGE_ID;
use crate::digest::RootHash;
use crate::version::Version;

/// One of the two slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Slot {
    /// The first pair of partitions.
    A,
    /// The second.
    B,
}

impl Slot {
    /// Both.
    pub const ALL: [Self; 2] = [Self::A, Self::B];

    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// A version in a slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct System {
    /// Where.
    pub slot: Slot,
    /// What.
    pub version: Version,
}

/// What the partition table says of a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotFacts {
    /// Unique partition UUID of the root.
    pub root_uuid: Uuid,
    /// Unique partition UUID of the verity tree.
    pub verity_uuid: Uuid,
    /// The label of the root: [`Slots::label`], or [`Slots::EMPTY`].
    pub label: String,
}

/// Why the running slot cannot be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum IdentityError {
    /// No slot has the root hash that was booted.
    #[error("no slot has the root that is running; nothing can be installed")]
    Unknown,
    /// Both have it.
    #[error("both slots claim to be the one that is running; nothing can be installed")]
    Ambiguous,
    /// The version that runs cannot be installed beside itself: both would have one name.
    #[error("this version is running already")]
    Running,
}

/// The slots of a box that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slots {
    running: System,
    other: Option<Version>,
}

impl Slots {
    /// The label of a slot that holds nothing to start.
    pub const EMPTY: &str = "_empty";

    /// The label of a slot that holds this version.
    pub fn label(version: &Version) -> String {
        format!("{IMAGE_ID}_{}", version.loader_form())
    }

    /// The slots `[A, B]` of a box that was booted with this root hash and says that it is this version.
    ///
    /// # Errors
    /// Not exactly one slot has both UUIDs of the root hash.
    pub fn identify(
        booted: &RootHash,
        version: &Version,
        slots: &[SlotFacts; 2],
    ) -> Result<Self, IdentityError> {
        let runs = |slot: &SlotFacts| {
            slot.root_uuid == booted.root_uuid() && slot.verity_uuid == booted.verity_uuid()
        };
        let (slot, other) = match [runs(&slots[0]), runs(&slots[1])] {
            [true, false] => (Slot::A, &slots[1]),
            [false, true] => (Slot::B, &slots[0]),
            [true, true] => return Err(IdentityError::Ambiguous),
            [false, false] => return Err(IdentityError::Unknown),
        };
        let named = other.label.strip_prefix(IMAGE_ID).and_then(|label| label.strip_prefix('_'));
        let other = named.and_then(|version| Version::from_loader_form(version).ok());
        Ok(Self { running: System { slot, version: version.clone() }, other })
    }

    /// What runs. Never written.
    pub fn running(&self) -> &System {
        &self.running
    }

    /// What the other slot holds; `None` when it is empty.
    pub fn other(&self) -> Option<System> {
        let version = self.other.clone()?;
        Some(System { slot: self.running.slot.other(), version })
    }

    /// Where this version goes: always into the other slot.
    pub(super) fn target(&self, version: &Version) -> Result<System, IdentityError> {
        if *version == self.running.version {
            return Err(IdentityError::Running);
        }
        Ok(System { slot: self.running.slot.other(), version: version.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(hash: &RootHash, label: &str) -> SlotFacts {
        SlotFacts { root_uuid: hash.root_uuid(), verity_uuid: hash.verity_uuid(), label: label.to_owned() }
    }

    #[test]
    fn the_booted_root_hash_alone_tells_which_slot_runs() {
        let [one, two, three] =
            ["11", "22", "33"].map(|digits| digits.repeat(32).parse::<RootHash>().unwrap());
        let version = "1.0.0".parse().unwrap();
        // The labels are swapped: they do not decide.
        let slots = [facts(&one, "anya_1.1.0~rc.1"), facts(&two, "anya_1.0.0")];
        let identified = Slots::identify(&one, &version, &slots).unwrap();
        assert_eq!(identified.running().slot, Slot::A);
        assert_eq!(identified.other(), Some(System { slot: Slot::B, version: version.clone() }));
        let identified = Slots::identify(&two, &version, &slots).unwrap();
        assert_eq!(identified.running().slot, Slot::B);
        assert_eq!(identified.other().unwrap().version.to_string(), "1.1.0-rc.1");
        assert_eq!(Slots::identify(&three, &version, &slots), Err(IdentityError::Unknown));
        let same = [facts(&one, ""), facts(&one, "")];
        assert_eq!(Slots::identify(&one, &version, &same), Err(IdentityError::Ambiguous));
        // Half an identity, as a cut in the middle of an installation leaves it, is none.
        let half =
            [facts(&one, ""), SlotFacts { verity_uuid: one.verity_uuid(), ..facts(&two, Slots::EMPTY) }];
        let identified = Slots::identify(&one, &version, &half).unwrap();
        assert_eq!((identified.running().slot, identified.other()), (Slot::A, None));
    }

    #[test]
    fn nothing_goes_into_the_running_slot() {
        let hash = "11".repeat(32).parse::<RootHash>().unwrap();
        let empty =
            SlotFacts { root_uuid: Uuid::nil(), verity_uuid: Uuid::nil(), label: Slots::EMPTY.into() };
        let version = "1.0.0".parse().unwrap();
        let slots = Slots::identify(&hash, &version, &[empty, facts(&hash, "anya_1.0.0")]).unwrap();
        assert_eq!(slots.target(&"1.1.0".parse().unwrap()).unwrap().slot, Slot::A);
        assert_eq!(slots.target(&version), Err(IdentityError::Running));
    }
}
