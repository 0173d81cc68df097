//! From what a client sends to what a model is asked: every value checked.

use appliance_core::inference::{ChatMessage, ChatRequest, Role};

use crate::dto::chat::{ChatCompletionRequest, ChatRole, Message};
use crate::dto::object::Object;
use crate::dto::text::Texts;
use crate::problem::{Problem, ProblemResult};

/// The most texts that end an answer.
const MAX_STOPS: usize = 4;
/// The longest such text, bytes.
const MAX_STOP_BYTES: usize = 256;

/// What the model is asked.
pub(super) fn checked(request: ChatCompletionRequest) -> ProblemResult<ChatRequest> {
    if request.messages.is_empty() {
        return Err(Problem::field("messages", "is empty; at least one message is needed"));
    }
    if request.n.is_some_and(|n| n != 1) {
        return Err(Problem::unsupported_field("n", "has to be 1: one answer is made a request"));
    }
    if request.stream_options.is_some() && request.stream != Some(true) {
        return Err(Problem::field("stream_options", "is for streams; set `stream` to true or leave it out"));
    }
    Ok(ChatRequest {
        temperature: number("temperature", request.temperature, "from 0 to 2", |t| (0.0..=2.0).contains(&t))?,
        top_p: number("top_p", request.top_p, "above 0, at most 1", |p| p > 0.0 && p <= 1.0)?,
        // Any number is a good seed; the sign carries no meaning.
        seed: request.seed.map(i64::cast_unsigned),
        stop: stops(request.stop)?,
        max_tokens: max_tokens(request.max_tokens, request.max_completion_tokens)?,
        messages: request.messages.into_iter().map(message).collect(),
    })
}

fn number(field: &str, value: Option<f32>, range: &str, fits: impl Fn(f32) -> bool) -> ProblemResult<f32> {
    match value {
        None => Ok(1.0),
        Some(value) if fits(value) => Ok(value),
        Some(value) => Err(Problem::field(field, format!("is {value}, and has to be {range}"))),
    }
}

fn max_tokens(old_name: Option<u32>, new_name: Option<u32>) -> ProblemResult<Option<u32>> {
    let field = match (old_name, new_name) {
        (Some(_), Some(_)) => {
            return Err(Problem::field(
                "max_tokens",
                "is there beside `max_completion_tokens`; send only one of them",
            ));
        }
        (Some(_), None) => "max_tokens",
        _ => "max_completion_tokens",
    };
    match old_name.or(new_name) {
        Some(0) => Err(Problem::field(field, "is 0, and has to be at least 1")),
        count => Ok(count),
    }
}

fn stops(stop: Option<Texts>) -> ProblemResult<Vec<String>> {
    let stops = stop.map(Texts::into_vec).unwrap_or_default();
    if stops.len() > MAX_STOPS {
        let count = stops.len();
        return Err(Problem::field("stop", format!("has {count} texts; at most {MAX_STOPS} are allowed")));
    }
    if let Some(wrong) = stops.iter().find(|text| text.is_empty() || text.len() > MAX_STOP_BYTES) {
        let length = wrong.len();
        let reason = format!("has a text of {length} bytes, and has to have texts of 1 to {MAX_STOP_BYTES}");
        return Err(Problem::field("stop", reason));
    }
    Ok(stops)
}

fn message(Object(Message { role, content }): Object<Message>) -> ChatMessage {
    let role = match role {
        ChatRole::System | ChatRole::Developer => Role::System,
        ChatRole::User => Role::User,
        ChatRole::Assistant => Role::Assistant,
    };
    ChatMessage { role, content: content.0 }
}
