//! The API that OpenAI's clients speak: models, embeddings, chat.
//!
//! What is not supported is refused by name, never ignored.

mod chat;
mod chat_request;
mod chat_stream;
mod embeddings;
mod generation;
mod models;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::problem::{Problem, Slug};
use crate::router::Api;

/// The routes of this group.
pub(crate) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(models::list))
        .routes(routes!(models::retrieve))
        .routes(routes!(embeddings::create))
        .routes(routes!(chat::complete))
}

/// The problem of a model that the box does not have, or has for something else.
fn unknown_model(model: &str, usable: &str) -> Problem {
    let shown: String = model.chars().take(64).collect();
    let reason = format!("is `{shown}`; the model for this is `{usable}`");
    Problem::new(Slug::NotFound, format!("`model` {reason}."))
        .with_error("model", reason)
        .with_next("GET /v1/models lists the models of this box.")
        .with_code("model_not_found")
}
