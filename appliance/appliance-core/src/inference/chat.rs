//! Answering in a conversation.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use super::{InferenceError, ModelInfo};

/// Who said something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Who sets the rules of the conversation.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
}

/// One turn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatMessage {
    /// Who said it.
    pub role: Role,
    /// What was said.
    pub content: String,
}

/// What is asked of a chat model; the values were checked by the caller.
#[derive(Clone, Debug, PartialEq)]
pub struct ChatRequest {
    /// The conversation so far; not empty.
    pub messages: Vec<ChatMessage>,
    /// 0 to 2; 0 always takes the likeliest token.
    pub temperature: f32,
    /// Above 0, at most 1: only the likeliest tokens of this total probability are drawn from.
    pub top_p: f32,
    /// The same seed with the same request gives the same answer. `None`: a random one.
    pub seed: Option<u64>,
    /// Texts that end the answer; they are not part of it.
    pub stop: Vec<String>,
    /// The most tokens the answer may have. `None`: as many as the context leaves.
    pub max_tokens: Option<u32>,
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// The model was done, or a stop text came up.
    Stop,
    /// `max_tokens` or the context was reached.
    Length,
    /// The caller no longer wanted it.
    Cancelled,
}

/// An answer's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChatOutcome {
    /// Why it ended.
    pub finish: FinishReason,
    /// Tokens of the conversation, the template's included.
    pub prompt_tokens: u32,
    /// Tokens of the answer.
    pub completion_tokens: u32,
}

/// Runs a chat model. Blocks while it computes.
pub trait ChatModel: Send + Sync {
    /// The model as it is now.
    fn model(&self) -> ModelInfo;

    /// Answers. `on_text` is handed each piece of the answer as it is made (whole characters, never
    /// a part of a stop text) and may end it by returning `Break`. It is also called with an empty
    /// piece between chunks of a long prompt, so that a caller who left is noticed early.
    ///
    /// # Errors
    /// `TooLong` with both numbers when the conversation exceeds the context, before anything is
    /// computed; `Busy` when too many wait; `Unavailable` when the model cannot be loaded.
    fn answer(
        &self,
        request: ChatRequest,
        on_text: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<ChatOutcome, InferenceError>;
}
