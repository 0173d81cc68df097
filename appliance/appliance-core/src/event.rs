//! Domain events: what happened in the box, as its web page and programs hear it.

use hal_api::{BoardReading, KeyAlgorithm, KeyId};
use ota_core::life::Phase;
use serde::Serialize;

use crate::health::Component;
use crate::inference::ModelInfo;
use crate::node::NodeStatus;
use crate::update::Media;

/// Something that happened. Serialised with its name in `type`; `GET /api/v1/events` sends it so.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum DomainEvent {
    /// A key pair was made.
    KeyCreated {
        /// Its id.
        key_id: KeyId,
        /// Its label.
        label: String,
        /// Its algorithm.
        algorithm: KeyAlgorithm,
        /// The name of the token it is on.
        token: String,
    },
    /// A key pair was removed.
    KeyDeleted {
        /// Its id.
        key_id: KeyId,
    },
    /// The node's best chain has a new block at its end.
    BlockConnected {
        /// Height of the block.
        height: u64,
        /// Its hash, as people write it (byte-reversed hexadecimal).
        hash: String,
    },
    /// The node's state changed.
    NodeChanged {
        /// The state now.
        status: NodeStatus,
    },
    /// A model was loaded, or failed to.
    ModelChanged {
        /// The model now.
        model: ModelInfo,
    },
    /// A part of the box became ready, or stopped being so.
    ComponentChanged {
        /// The part now.
        #[serde(flatten)]
        component: Component,
    },
    /// A reading of the board.
    SystemSampled {
        /// The reading.
        board: BoardReading,
    },
    /// Somebody signed in.
    SessionOpened {
        /// Who.
        username: String,
    },
    /// The box got its first administrator.
    BoxClaimed {
        /// Who.
        username: String,
    },
    /// Where an update is changed; `GET /api/v1/updates` tells the rest.
    UpdateChanged {
        /// Where it is.
        #[serde(flatten)]
        phase: Phase,
    },
    /// Releases on media came or went, or one of them is being taken.
    UpdateMediaChanged {
        /// What is there.
        #[serde(flatten)]
        media: Media,
    },
}

/// Hears of events. Never blocks and never fails: an event that nobody can take is dropped.
pub trait EventSink: Send + Sync {
    /// Tells of an event.
    fn publish(&self, event: DomainEvent);
}
