//! The tokens that keys live in.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use crate::blocking;
use crate::dto::tokens::Tokens;
use crate::problem::ProblemResult;
use crate::router::Api;

/// The tokens: what they are, what they can do, how they are.
#[utoipa::path(
    get,
    path = "/api/v1/security/tokens",
    tag = "security",
    operation_id = "list_tokens",
    responses((status = 200, description = "The tokens", body = Tokens))
)]
pub(super) async fn list(State(api): State<Arc<Api>>) -> ProblemResult<Json<Tokens>> {
    let keys = Arc::clone(&api.services.keys);
    let tokens = blocking::run(move || keys.tokens()).await?;
    Ok(Json(Tokens { items: tokens.into_iter().map(Into::into).collect(), next_cursor: None }))
}
