//! Why the slot keeper did not do what it was asked.

use std::io;

use thiserror::Error;

use super::WireError;
use super::protocol::{Refused, code};

/// Why the slot keeper did not do what it was asked.
#[derive(Debug, Error)]
pub enum SlotKeeperError {
    /// Nobody answers at the socket: this machine has no slots to keep.
    #[error("Nobody looks after the slots of this machine.")]
    Absent(#[source] io::Error),
    /// It did it not, and said why.
    #[error("{}", .0.text)]
    Refused(Refused),
    /// It did not answer in time. It may have done it all the same.
    #[error("The slot keeper did not answer in time.")]
    Timeout,
    /// It ended the conversation.
    #[error("The slot keeper ended the conversation.")]
    Ended,
    /// What it answered does not fit the question.
    #[error("The slot keeper's answer does not fit the question.")]
    Unexpected,
    /// The conversation failed.
    #[error("The conversation with the slot keeper failed.")]
    Wire(#[source] WireError),
}

impl SlotKeeperError {
    /// The reason in one word, which stays the same; for programs. That of a refusal is the keeper's.
    pub fn code(&self) -> &str {
        match self {
            Self::Absent(_) => "no_slot_keeper",
            Self::Refused(refused) => &refused.code,
            Self::Timeout => "slot_keeper_timeout",
            Self::Ended | Self::Unexpected | Self::Wire(_) => "slot_keeper_failed",
        }
    }

    /// Whether something else is being done to the slots, so that it may work later.
    pub fn is_busy(&self) -> bool {
        self.code() == code::BUSY
    }
}

impl From<WireError> for SlotKeeperError {
    fn from(error: WireError) -> Self {
        match error {
            WireError::Timeout => Self::Timeout,
            WireError::Ended => Self::Ended,
            other => Self::Wire(other),
        }
    }
}
