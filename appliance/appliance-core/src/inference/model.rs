//! What the box knows of a model.

use serde::Serialize;

/// What a model is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelKind {
    /// Answers in a conversation.
    Chat,
    /// Turns texts into vectors.
    Embedding,
}

/// Where a model is in its life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ModelState {
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

/// A model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModelInfo {
    /// Its id, as the OpenAI API names it: `smollm2-135m-instruct`.
    pub id: String,
    /// What it is for.
    pub kind: ModelKind,
    /// Where it is in its life.
    pub state: ModelState,
    /// Size of its files, bytes; 0 when they are absent.
    pub size_bytes: u64,
    /// Number of weights.
    pub parameters: u64,
    /// How the weights are stored: `F32`, `Q4_1`.
    pub quantization: String,
    /// The most tokens a request may have, its answer included.
    pub context_tokens: u32,
    /// Length of the vectors, for an embedding model.
    pub dimensions: Option<u32>,
    /// Its licence (SPDX).
    pub license: String,
    /// What it runs on: `cpu`.
    pub device: String,
}
