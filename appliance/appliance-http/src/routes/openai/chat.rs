//! Answering in a conversation.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use uuid::Uuid;

use super::generation::{Generation, Piece};
use super::{chat_request, chat_stream, unknown_model};
use crate::dto::chat::{AnswerMessage, ChatChoice, ChatCompletion, ChatCompletionRequest};
use crate::extract::Json;
use crate::problem::ProblemResult;
use crate::router::Api;

/// What an answer and its chunks have in common.
#[derive(Clone)]
pub(super) struct Head {
    pub(super) id: String,
    pub(super) created: i64,
    pub(super) model: String,
}

/// Answers in a conversation, at once or (`stream`) piece by piece as server-sent events, each a
/// `ChatCompletionChunk`, the last `[DONE]`.
#[utoipa::path(
    post,
    path = "/v1/chat/completions",
    tag = "openai",
    operation_id = "create_chat_completion",
    request_body = ChatCompletionRequest,
    responses((status = 200, description = "The answer", content(
        (ChatCompletion = "application/json"),
        (String = "text/event-stream"),
    )))
)]
pub(super) async fn complete(
    State(api): State<Arc<Api>>,
    Json(request): Json<ChatCompletionRequest>,
) -> ProblemResult<Response> {
    let own = api.services.chat.model().id;
    if request.model != own {
        return Err(unknown_model(&request.model, &own));
    }
    let streams = request.stream == Some(true);
    let include_usage = request.stream_options.as_ref().is_some_and(|options| options.0.include_usage);
    let id = format!("chatcmpl-{}", Uuid::now_v7().simple());
    let head = Head { id, created: Timestamp::now().as_second(), model: own.clone() };
    let generation = Generation::start(api, own, chat_request::checked(request)?);
    if streams {
        chat_stream::respond(head, generation, include_usage).await
    } else {
        respond(head, generation).await
    }
}

/// The whole answer at once.
async fn respond(head: Head, mut generation: Generation) -> ProblemResult<Response> {
    let mut content = String::new();
    let outcome = loop {
        match generation.next().await? {
            Piece::Text(text) => content.push_str(&text),
            Piece::End(outcome) => break outcome,
        }
    };
    let message = AnswerMessage { role: "assistant", content, refusal: None };
    let choice = ChatChoice { index: 0, message, logprobs: None, finish_reason: outcome.finish.into() };
    let Head { id, created, model } = head;
    let usage = outcome.into();
    let answer =
        ChatCompletion { id, object: "chat.completion", created, model, choices: vec![choice], usage };
    Ok(axum::Json(answer).into_response())
}
