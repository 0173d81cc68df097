//! Models, as the box and as OpenAI's clients see them.

use appliance_core::inference::{self, ModelInfo};
use serde::Serialize;
use utoipa::ToSchema;

use super::mirror;

mirror! {
    /// What a model is for.
    #[serde(rename_all = "snake_case")]
    ModelKind of inference::ModelKind { Chat, Embedding }
}

/// Where a model is in its life.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub(crate) enum ModelState {
    /// Its files are not there.
    Absent,
    /// Its files are there; it is loaded when first asked.
    OnDisk,
    /// It is being loaded.
    Loading,
    /// It answers.
    Ready,
    /// It could not be loaded.
    Failed {
        /// Why, in plain words.
        reason: String,
    },
}

impl From<inference::ModelState> for ModelState {
    fn from(state: inference::ModelState) -> Self {
        match state {
            inference::ModelState::Absent => Self::Absent,
            inference::ModelState::OnDisk => Self::OnDisk,
            inference::ModelState::Loading => Self::Loading,
            inference::ModelState::Ready => Self::Ready,
            inference::ModelState::Failed { reason } => Self::Failed { reason },
        }
    }
}

/// A model.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Model {
    #[schema(example = "smollm2-135m-instruct")]
    id: String,
    kind: ModelKind,
    state: ModelState,
    /// Size of its files, bytes; 0 when they are absent.
    size_bytes: u64,
    /// Number of weights.
    parameters: u64,
    /// How the weights are stored.
    #[schema(example = "Q4_1")]
    quantization: String,
    /// The most tokens a request may have, its answer included.
    context_tokens: u32,
    /// Length of the vectors, for an embedding model.
    #[schema(required)]
    dimensions: Option<u32>,
    /// Its licence (SPDX).
    license: String,
    /// What it runs on.
    #[schema(example = "cpu")]
    device: String,
}

impl From<ModelInfo> for Model {
    fn from(model: ModelInfo) -> Self {
        Self {
            id: model.id,
            kind: model.kind.into(),
            state: model.state.into(),
            size_bytes: model.size_bytes,
            parameters: model.parameters,
            quantization: model.quantization,
            context_tokens: model.context_tokens,
            dimensions: model.dimensions,
            license: model.license,
            device: model.device,
        }
    }
}

/// The models of the box.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Models {
    pub(crate) items: Vec<Model>,
}

/// A model, as OpenAI's clients expect it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OpenAiModel {
    pub(crate) id: String,
    /// Always `model`.
    pub(crate) object: &'static str,
    /// When the box started, seconds since 1970.
    pub(crate) created: i64,
    pub(crate) owned_by: &'static str,
}

/// The models, as OpenAI's clients expect them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OpenAiModels {
    /// Always `list`.
    pub(crate) object: &'static str,
    pub(crate) data: Vec<OpenAiModel>,
}
