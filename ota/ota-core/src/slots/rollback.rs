//! Whether the owner may go back to the other slot.

use thiserror::Error;

use super::{Slots, Start, System};

/// Why going back is refused, in words for the owner.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RollbackRefusal {
    /// There is nothing to go back to.
    #[error("The other slot is empty: there is no version to go back to.")]
    Empty,
    /// The boot loader does not know the other system.
    #[error("The other slot's version cannot be started any more.")]
    NotStartable,
    /// It is unsafe: releases since then say so.
    #[error(
        "The version in the other slot has security epoch {epoch}, but {highest} is needed: it is not safe any more."
    )]
    OlderEpoch {
        /// The other slot's.
        epoch: u64,
        /// The highest that the box has seen.
        highest: u64,
    },
}

impl RollbackRefusal {
    /// The reason in one word, which stays the same.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "rollback_empty",
            Self::NotStartable => "rollback_not_startable",
            Self::OlderEpoch { .. } => "rollback_older_epoch",
        }
    }
}

/// The system to go back to. `epoch` is that of the other slot's release (0 when it is not known), `highest`
/// the highest that the box has seen.
///
/// # Errors
/// Why not.
pub fn allow(slots: &Slots, start: Start, epoch: u64, highest: u64) -> Result<System, RollbackRefusal> {
    let other = slots.other().ok_or(RollbackRefusal::Empty)?;
    if start == Start::Never {
        return Err(RollbackRefusal::NotStartable);
    }
    if epoch < highest {
        return Err(RollbackRefusal::OlderEpoch { epoch, highest });
    }
    Ok(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::RootHash;
    use crate::slots::SlotFacts;

    #[test]
    fn an_empty_slot_a_lost_entry_and_an_older_epoch_are_refused() {
        let hash = |digits: &str| digits.repeat(32).parse::<RootHash>().unwrap();
        let slots = |label: &str| {
            let facts = [("11", "anya_1.1.0"), ("22", label)].map(|(digits, label)| SlotFacts {
                root_uuid: hash(digits).root_uuid(),
                verity_uuid: hash(digits).verity_uuid(),
                label: label.to_owned(),
            });
            Slots::identify(&hash("11"), &"1.1.0".parse().unwrap(), &facts).unwrap()
        };
        let code = |label, start, epoch| {
            allow(&slots(label), start, epoch, 2).map_or_else(|refusal| refusal.code(), |_| "allowed")
        };
        assert_eq!(code("anya_1.0.0", Start::Always, 2), "allowed");
        assert_eq!(code(Slots::EMPTY, Start::Always, 2), "rollback_empty");
        assert_eq!(code("anya_1.0.0", Start::Never, 2), "rollback_not_startable");
        assert_eq!(code("anya_1.0.0", Start::Always, 1), "rollback_older_epoch");
    }
}
