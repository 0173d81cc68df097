//! The tokens that keys live in.

use std::sync::Arc;

use appliance_core::keys::KeyError;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;

use crate::blocking;
use crate::dto::tokens::{TokenPin, Tokens};
use crate::gate::Caller;
use crate::problem::{Problem, ProblemResult, Slug};
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

/// Unlocks a token that was plugged in, with its PIN. The box keeps the PIN in memory until it restarts.
#[utoipa::path(
    post,
    path = "/api/v1/security/tokens/{name}/login",
    tag = "security",
    operation_id = "unlock_token",
    params(("name" = String, Path, description = "The token's name")),
    request_body = TokenPin,
    responses((status = 204, description = "It is unlocked"))
)]
pub(super) async fn log_in(
    State(api): State<Arc<Api>>,
    Path(name): Path<String>,
    caller: Caller,
    crate::extract::Json(request): crate::extract::Json<TokenPin>,
) -> ProblemResult<StatusCode> {
    let actor = caller.actor();
    let services = api.services.clone();
    let unlock = move || services.keys.log_in(&actor, &name, &request.pin, &*services.token_login);
    blocking::run(unlock).await?.map_err(|error| match error {
        // The path names it, no field does.
        KeyError::UnknownToken { name, .. } => {
            let shown: String = name.chars().take(64).collect();
            let detail = format!("There is no token `{shown}` now. It may have been pulled out.");
            Problem::new(Slug::NotFound, detail).with_next("GET /api/v1/security/tokens lists the tokens.")
        }
        error => error.into(),
    })?;
    Ok(StatusCode::NO_CONTENT)
}
