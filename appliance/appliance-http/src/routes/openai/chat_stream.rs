//! A streamed answer: server-sent events (HTML standard, section 9.2) in the order that OpenAI's clients
//! expect: the role, the pieces, the reason of the end, the usage when asked for, `[DONE]`.

use std::collections::VecDeque;
use std::convert::Infallible;

use appliance_core::inference::ChatOutcome;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, stream};
use serde_json::json;

use super::chat::Head;
use super::generation::{Generation, Piece};
use crate::dto::chat::{ChatCompletionChunk, ChunkChoice, Delta, FinishReason};
use crate::problem::{Problem, ProblemResult, openai_error};

/// Answers with a stream, once the model has made its first piece: what fails before that is an
/// ordinary problem with its own status.
pub(super) async fn respond(
    head: Head,
    mut generation: Generation,
    include_usage: bool,
) -> ProblemResult<Response> {
    let first = generation.next().await?;
    let mut answer = Answer { head, generation, include_usage, ready: VecDeque::new(), ended: false };
    answer.push(Delta { role: Some("assistant"), content: Some(String::new()) }, None);
    answer.take(Ok(first));
    Ok(Sse::new(answer.into_stream()).keep_alive(KeepAlive::default()).into_response())
}

/// An answer being streamed.
struct Answer {
    head: Head,
    generation: Generation,
    include_usage: bool,
    ready: VecDeque<Event>,
    ended: bool,
}

impl Answer {
    fn into_stream(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, async |mut answer| {
            while answer.ready.is_empty() && !answer.ended {
                let piece = answer.generation.next().await;
                answer.take(piece);
            }
            answer.ready.pop_front().map(|event| (Ok(event), answer))
        })
    }

    /// Makes events of what the model gave.
    fn take(&mut self, piece: ProblemResult<Piece>) {
        match piece {
            Ok(Piece::Text(text)) => self.push(Delta { role: None, content: Some(text) }, None),
            Ok(Piece::End(outcome)) => self.end(outcome),
            Err(problem) => self.fail(&problem),
        }
    }

    fn end(&mut self, outcome: ChatOutcome) {
        self.push(Delta::default(), Some(outcome.finish.into()));
        if self.include_usage {
            let chunk = ChatCompletionChunk { choices: vec![], usage: Some(outcome.into()), ..self.chunk() };
            self.ready.push_back(event(&chunk));
        }
        self.ready.push_back(Event::default().data("[DONE]"));
        self.ended = true;
    }

    /// The status is sent already, so the failure is an event of its own, and nothing follows it.
    fn fail(&mut self, problem: &Problem) {
        let data = json!({ "error": openai_error(problem) }).to_string();
        self.ready.push_back(Event::default().event("error").data(data));
        self.ended = true;
    }

    fn push(&mut self, delta: Delta, finish_reason: Option<FinishReason>) {
        let choice = ChunkChoice { index: 0, delta, logprobs: None, finish_reason };
        let chunk = ChatCompletionChunk { choices: vec![choice], ..self.chunk() };
        self.ready.push_back(event(&chunk));
    }

    fn chunk(&self) -> ChatCompletionChunk {
        let Head { id, created, model } = self.head.clone();
        ChatCompletionChunk {
            id,
            object: "chat.completion.chunk",
            created,
            model,
            choices: vec![],
            usage: None,
        }
    }
}

fn event(chunk: &ChatCompletionChunk) -> Event {
    Event::default().data(serde_json::to_string(chunk).expect("texts and numbers always serialise"))
}
