//! Conversations, as OpenAI's clients hold them.

use appliance_core::inference::{ChatOutcome, FinishReason as CoreFinish};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::object::Object;
use super::text::{Content, Texts};
use super::word;
use crate::extract::RequestBody;
use crate::problem::Slug;

/// Who said something. `developer` is taken as `system`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ChatRole {
    System,
    Developer,
    User,
    Assistant,
}

/// One turn.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Message {
    #[serde(deserialize_with = "word::required")]
    pub(crate) role: ChatRole,
    pub(crate) content: Content,
}

/// What is to be sent while streaming.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StreamOptions {
    /// A last chunk with the number of tokens.
    #[serde(default)]
    pub(crate) include_usage: bool,
}

/// A conversation to be answered. A field that is not listed here is refused, never ignored.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChatCompletionRequest {
    #[schema(example = "smollm2-135m-instruct")]
    pub(crate) model: String,
    /// At least one.
    #[schema(min_items = 1, value_type = Vec<Message>)]
    pub(crate) messages: Vec<Object<Message>>,
    #[serde(default)]
    pub(crate) stream: Option<bool>,
    /// With `stream` only.
    #[serde(default)]
    #[schema(value_type = Option<StreamOptions>)]
    pub(crate) stream_options: Option<Object<StreamOptions>>,
    /// 1 when absent; 0 always takes the likeliest token.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 2)]
    pub(crate) temperature: Option<f32>,
    /// Above 0, at most 1; 1 when absent.
    #[serde(default)]
    #[schema(exclusive_minimum = 0, maximum = 1)]
    pub(crate) top_p: Option<f32>,
    /// The same seed with the same request gives the same answer.
    #[serde(default)]
    pub(crate) seed: Option<i64>,
    /// At most 4 texts that end the answer.
    #[serde(default)]
    pub(crate) stop: Option<Texts>,
    /// The most tokens the answer may have.
    #[serde(default)]
    #[schema(minimum = 1)]
    pub(crate) max_tokens: Option<u32>,
    /// The same under its newer name; only one of the two.
    #[serde(default)]
    #[schema(minimum = 1)]
    pub(crate) max_completion_tokens: Option<u32>,
    /// Has to be 1.
    #[serde(default)]
    pub(crate) n: Option<u32>,
    /// Taken, and not used.
    #[serde(default)]
    #[expect(dead_code, reason = "it may be there, and means nothing to a box")]
    pub(crate) user: Option<String>,
}

impl RequestBody for ChatCompletionRequest {
    const LIMIT: usize = 4 << 20;
    const UNKNOWN_FIELD: Slug = Slug::Unsupported;
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FinishReason {
    /// The model was done, or a stop text came up.
    Stop,
    /// `max_tokens` or the context was reached.
    Length,
}

impl From<CoreFinish> for FinishReason {
    fn from(reason: CoreFinish) -> Self {
        match reason {
            CoreFinish::Stop | CoreFinish::Cancelled => Self::Stop,
            CoreFinish::Length => Self::Length,
        }
    }
}

/// Tokens that were read and made.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(crate) struct ChatUsage {
    pub(crate) prompt_tokens: u32,
    pub(crate) completion_tokens: u32,
    pub(crate) total_tokens: u32,
}

impl From<ChatOutcome> for ChatUsage {
    fn from(outcome: ChatOutcome) -> Self {
        let ChatOutcome { prompt_tokens, completion_tokens, .. } = outcome;
        Self { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens }
    }
}

/// The model's turn.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AnswerMessage {
    /// Always `assistant`.
    pub(crate) role: &'static str,
    pub(crate) content: String,
    /// Always null.
    #[schema(required)]
    pub(crate) refusal: Option<String>,
}

/// The answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChatChoice {
    /// Always 0.
    pub(crate) index: u32,
    pub(crate) message: AnswerMessage,
    /// Always null.
    #[schema(required)]
    pub(crate) logprobs: Option<bool>,
    pub(crate) finish_reason: FinishReason,
}

/// An answered conversation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChatCompletion {
    #[schema(example = "chatcmpl-0199d9a052a27d0c9c3e6a2f0f1d7b11")]
    pub(crate) id: String,
    /// Always `chat.completion`.
    pub(crate) object: &'static str,
    /// Seconds since 1970.
    pub(crate) created: i64,
    pub(crate) model: String,
    pub(crate) choices: Vec<ChatChoice>,
    pub(crate) usage: ChatUsage,
}

/// What is new in a chunk.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct Delta {
    /// `assistant`, in the first chunk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<&'static str>,
    /// The next piece of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content: Option<String>,
}

/// The answer's part in a chunk.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChunkChoice {
    /// Always 0.
    pub(crate) index: u32,
    pub(crate) delta: Delta,
    /// Always null.
    #[schema(required)]
    pub(crate) logprobs: Option<bool>,
    /// In the last chunk of the answer.
    #[schema(required)]
    pub(crate) finish_reason: Option<FinishReason>,
}

/// One event of a streamed answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChatCompletionChunk {
    pub(crate) id: String,
    /// Always `chat.completion.chunk`.
    pub(crate) object: &'static str,
    /// Seconds since 1970.
    pub(crate) created: i64,
    pub(crate) model: String,
    /// Empty in the chunk that carries `usage`.
    pub(crate) choices: Vec<ChunkChoice>,
    /// With `include_usage` only, in a chunk of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) usage: Option<ChatUsage>,
}
