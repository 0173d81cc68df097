//! Turning texts into vectors.

use super::{InferenceError, ModelInfo};

/// The vectors of a batch of texts.
#[derive(Clone, Debug, PartialEq)]
pub struct Embeddings {
    /// One vector a text, in order, of Euclidean length 1.
    pub vectors: Vec<Vec<f32>>,
    /// Tokens read, special ones included.
    pub prompt_tokens: u32,
}

/// Runs an embedding model. Blocks while it computes.
pub trait Embedder: Send + Sync {
    /// The model as it is now.
    fn model(&self) -> ModelInfo;

    /// Embeds 1 to 256 texts.
    ///
    /// # Errors
    /// `TooLong` with the index of a text that exceeds the model's context (nothing is cut silently),
    /// `Busy` when too many wait, `Unavailable` when the model cannot be loaded.
    fn embed(&self, texts: Vec<String>) -> Result<Embeddings, InferenceError>;
}
