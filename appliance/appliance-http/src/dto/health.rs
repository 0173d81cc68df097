//! How the parts of the box are.

use appliance_core::health;
use serde::Serialize;
use utoipa::ToSchema;

use super::mirror;

mirror! {
    /// How a part is.
    #[serde(rename_all = "snake_case")]
    ComponentState of health::ComponentState { Ready, Starting, Degraded, Failed, Off }
}

mirror! {
    /// How the whole is: `degraded` when a part fails that the box can do without.
    #[serde(rename_all = "snake_case")]
    ReadinessStatus of health::Readiness { Ready, Degraded, NotReady }
}

/// A part of the box.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Component {
    #[schema(example = "store")]
    pub(crate) name: String,
    pub(crate) state: ComponentState,
    /// Whether the box is of no use without it.
    pub(crate) required: bool,
    /// What people should know, in plain words; empty when all is well.
    pub(crate) detail: String,
}

impl From<health::Component> for Component {
    fn from(part: health::Component) -> Self {
        Self { name: part.name, state: part.state.into(), required: part.required, detail: part.detail }
    }
}

/// Whether the box can be used, and how its parts are.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Readiness {
    pub(crate) status: ReadinessStatus,
    pub(crate) components: Vec<Component>,
}

/// That the service runs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    #[schema(example = "ok")]
    pub(crate) status: &'static str,
}
