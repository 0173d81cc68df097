//! Events, as `/api/v1/events` sends them.

use appliance_core::event::DomainEvent;
use serde::Serialize;
use utoipa::ToSchema;

use super::board::BoardReading;
use super::health::ComponentState;
use super::models::Model;
use super::node::BitcoinStatus;
use super::tokens::KeyAlgorithm;
use super::update::UpdatePhase;
use super::update_media::UpdateMedia;

/// What a frame of `/api/v1/events` holds.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventFrame {
    /// Ascending by one; starts anew when the service starts.
    pub(crate) id: u64,
    /// When it happened.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) at: jiff::Timestamp,
    #[serde(flatten)]
    pub(crate) event: Event,
}

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Event {
    /// A key pair was made.
    KeyCreated { key_id: String, label: String, algorithm: KeyAlgorithm, token: String },
    /// A key pair was removed.
    KeyDeleted { key_id: String },
    /// The node's best chain has a new block at its end.
    BlockConnected { height: u64, hash: String },
    /// The node's state changed.
    NodeChanged { status: BitcoinStatus },
    /// A model was loaded, or failed to.
    ModelChanged { model: Model },
    /// A part of the box became ready, or stopped being so.
    ComponentChanged { name: String, state: ComponentState, required: bool, detail: String },
    /// A reading of the board, every 5 seconds while somebody listens.
    SystemSampled { board: BoardReading },
    /// Somebody signed in.
    SessionOpened { username: String },
    /// The box got its first administrator.
    BoxClaimed { username: String },
    /// Where an update is changed; `GET /api/v1/updates` tells the rest.
    UpdateChanged { phase: UpdatePhase },
    /// Releases on media came or went, or one of them is being taken.
    UpdateMediaChanged { media: UpdateMedia },
    /// This listener was too slow: so many events were left out. Read the present state anew.
    Lagged { missed: u64 },
}

impl From<DomainEvent> for Event {
    fn from(event: DomainEvent) -> Self {
        match event {
            DomainEvent::KeyCreated { key_id, label, algorithm, token } => {
                Self::KeyCreated { key_id: key_id.to_string(), label, algorithm: algorithm.into(), token }
            }
            DomainEvent::KeyDeleted { key_id } => Self::KeyDeleted { key_id: key_id.to_string() },
            DomainEvent::BlockConnected { height, hash } => Self::BlockConnected { height, hash },
            DomainEvent::NodeChanged { status } => Self::NodeChanged { status: status.into() },
            DomainEvent::ModelChanged { model } => Self::ModelChanged { model: model.into() },
            DomainEvent::ComponentChanged { component: c } => Self::ComponentChanged {
                name: c.name,
                state: c.state.into(),
                required: c.required,
                detail: c.detail,
            },
            DomainEvent::SystemSampled { board } => Self::SystemSampled { board: board.into() },
            DomainEvent::SessionOpened { username } => Self::SessionOpened { username },
            DomainEvent::BoxClaimed { username } => Self::BoxClaimed { username },
            DomainEvent::UpdateChanged { phase } => Self::UpdateChanged { phase: phase.into() },
            DomainEvent::UpdateMediaChanged { media } => Self::UpdateMediaChanged { media: media.into() },
        }
    }
}
