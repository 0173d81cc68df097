//! A model's answer under way.
//!
//! The model computes on a blocking thread and hands each piece over a channel. The receiving end is
//! owned by whoever answers the client: when the client leaves, it is dropped, and the model is told to
//! stop at its next piece.

use std::ops::ControlFlow;
use std::sync::Arc;

use appliance_core::inference::{ChatModel, ChatOutcome, ChatRequest, InferenceError};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tracing::Span;

use crate::problem::{Problem, ProblemResult, Slug};
use crate::router::Api;

/// What comes next of an answer.
pub(super) enum Piece {
    /// Some of its text, never empty.
    Text(String),
    /// Its end.
    End(ChatOutcome),
}

/// An answer under way; dropping it stops the model.
pub(super) struct Generation {
    api: Arc<Api>,
    model: String,
    pieces: UnboundedReceiver<Result<Piece, InferenceError>>,
}

impl Generation {
    /// Starts answering.
    pub(super) fn start(api: Arc<Api>, model: String, request: ChatRequest) -> Self {
        // Unbounded, and yet bounded by the model's context: a client that reads slowly must not hold
        // up the model, for which others wait.
        let (sender, pieces) = mpsc::unbounded_channel();
        let chat = Arc::clone(&api.services.chat);
        let span = Span::current();
        tokio::task::spawn_blocking(move || span.in_scope(|| generate(&*chat, request, &sender)));
        Self { api, model, pieces }
    }

    /// The next piece.
    pub(super) async fn next(&mut self) -> ProblemResult<Piece> {
        match self.pieces.recv().await {
            Some(Ok(Piece::End(outcome))) => {
                self.api.metrics.tokens(&self.model, outcome.prompt_tokens, outcome.completion_tokens);
                Ok(Piece::End(outcome))
            }
            Some(Ok(text)) => Ok(text),
            Some(Err(error)) => Err(Problem::inference(&error, |_| "messages".to_owned())),
            None => {
                tracing::error!("a model's answer broke off without an end");
                Err(Problem::new(Slug::Internal, "The model's answer broke off; the box's log says why."))
            }
        }
    }
}

fn generate(
    chat: &dyn ChatModel,
    request: ChatRequest,
    sender: &UnboundedSender<Result<Piece, InferenceError>>,
) {
    let mut on_text = |text: &str| {
        let listens = match text {
            "" => !sender.is_closed(),
            text => sender.send(Ok(Piece::Text(text.to_owned()))).is_ok(),
        };
        if listens { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let outcome = chat.answer(request, &mut on_text);
    if sender.send(outcome.map(Piece::End)).is_err() {
        tracing::debug!("the client left before its answer's end");
    }
}
