//! Inference: models, what is asked of them, and the ports to the engines that run them.

mod chat;
mod embedding;
mod error;
mod model;

pub use chat::{ChatMessage, ChatModel, ChatOutcome, ChatRequest, FinishReason, Role};
pub use embedding::{Embedder, Embeddings};
pub use error::InferenceError;
pub use model::{ModelInfo, ModelKind, ModelState};
