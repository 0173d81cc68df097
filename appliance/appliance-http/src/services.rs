//! All that this crate knows of the box.

use std::sync::Arc;

use appliance_core::access::AccessService;
use appliance_core::audit::AuditLog;
use appliance_core::health::HealthRegistry;
use appliance_core::inference::{ChatModel, Embedder};
use appliance_core::keys::{Idempotency, KeyService, TokenLogin};
use appliance_core::logs::LogSource;
use appliance_core::node::Node;
use appliance_core::update::{UpdateMedia, UpdatePreferences, Updates};
use hal_api::volume::DataVolume;
use hal_api::{Accelerator, BoardSensors};
use serde::Serialize;
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

use crate::{BoxIdentity, EventBus};

/// How far the search for accelerators is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ProbeState {
    /// It is done.
    Ready,
    /// It is under way.
    Probing,
    /// It failed.
    Failed,
}

/// What the search for accelerators found.
#[derive(Clone, Debug)]
pub struct AcceleratorReport {
    /// The devices that the drivers reported, without the processor.
    pub items: Vec<Accelerator>,
    /// How far it is.
    pub state: ProbeState,
    /// Why it failed, in plain words.
    pub detail: Option<String>,
}

/// The data partition of a box that works.
#[derive(Clone, Default)]
pub struct Storage {
    /// The partition; `None` on a developer's machine, whose disk is no matter of the box.
    pub volume: Option<Arc<dyn DataVolume>>,
    /// Whether the recovery key opened it at this start, and it was sealed to the TPM anew.
    pub resealed: bool,
}

/// The services and ports that requests are served with.
#[derive(Clone)]
pub struct Services {
    /// Keys and tokens.
    pub keys: Arc<KeyService>,
    /// Unlocks tokens that people plug in.
    pub token_login: Arc<dyn TokenLogin>,
    /// Who may use the box.
    pub access: Arc<AccessService>,
    /// Who did what.
    pub audit: Arc<dyn AuditLog>,
    /// Answers to requests that carried an `Idempotency-Key`.
    pub idempotency: Arc<dyn Idempotency>,
    /// The Bitcoin node.
    pub node: Arc<dyn Node>,
    /// The embedding model.
    pub embedder: Arc<dyn Embedder>,
    /// The chat model.
    pub chat: Arc<dyn ChatModel>,
    /// How the parts of the box are.
    pub health: Arc<HealthRegistry>,
    /// The board's sensors.
    pub sensors: Arc<dyn BoardSensors>,
    /// What the search for accelerators has found so far; answers at once.
    pub accelerators: Arc<dyn Fn() -> AcceleratorReport + Send + Sync>,
    /// The service's own log.
    pub logs: Arc<dyn LogSource>,
    /// Events for `/api/v1/events`; hand clones of it to whoever publishes.
    pub events: EventBus,
    /// Where the data is.
    pub storage: Storage,
    /// Updates of the box's own software.
    pub updates: Arc<dyn Updates>,
    /// Releases on media that are plugged in.
    pub update_media: Arc<dyn UpdateMedia>,
    /// What the owner decided about them.
    pub update_preferences: Arc<dyn UpdatePreferences>,
    /// What the box says of itself.
    pub identity: BoxIdentity,
    /// Ends live events when the service stops; the same token as [`crate::serve`]'s.
    pub shutdown: CancellationToken,
}
