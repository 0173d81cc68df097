//! Making, finding and removing keys.

use std::sync::Arc;

use appliance_core::keys::{KeyError, NewKey, StoredAnswer};
use appliance_core::page::PageRequest;
use appliance_core::storage::FULL_BELOW;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use hal_api::HalErrorKind;

use super::idempotent::Once;
use crate::blocking;
use crate::dto::keys::{CreateKey, Key, Keys};
use crate::extract::{Json, KeyPath, Query};
use crate::gate::Caller;
use crate::problem::{Problem, ProblemResult};
use crate::router::Api;

/// Makes a key pair inside a token.
#[utoipa::path(
    post,
    path = "/api/v1/security/keys",
    tag = "security",
    operation_id = "create_key",
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 128 visible characters; the same request with the same key is done once, and answered the same")),
    request_body = CreateKey,
    responses((status = 201, description = "The key; `Location` is its address", body = Key))
)]
pub(super) async fn create(
    State(api): State<Arc<Api>>,
    caller: Caller,
    headers: HeaderMap,
    Json(request): Json<CreateKey>,
) -> ProblemResult<Response> {
    let actor = caller.actor();
    let once = Once::new(&headers, &actor.who, "POST /api/v1/security/keys", &request)?;
    once.run(api, move |api| {
        let CreateKey { algorithm, label, token } = request;
        let new = NewKey { algorithm: algorithm.into(), label, token };
        let key = Key::from(api.services.keys.create(&actor, new).map_err(|error| refusal(api, error))?);
        let body = serde_json::to_vec(&key).map_err(|error| Problem::internal("write a key", &error))?;
        Ok(StoredAnswer {
            status: 201,
            content_type: "application/json".to_owned(),
            location: Some(format!("/api/v1/security/keys/{}", key.id)),
            body,
        })
    })
    .await
}

/// A token that keeps its keys on the box's disk (SoftHSM) says no more than that it failed when that is
/// full.
fn refusal(api: &Api, error: KeyError) -> Problem {
    let failed = matches!(error, KeyError::Token { kind: HalErrorKind::Device | HalErrorKind::Full, .. });
    let full = || api.services.sensors.read().is_ok_and(|board| board.data_disk.available_bytes < FULL_BELOW);
    if !failed || !full() {
        return error.into();
    }
    tracing::error!(error = %crate::problem::chain(&error), "the disk is full");
    Problem::storage_full()
}

/// The keys, newest last, a page at a time.
#[utoipa::path(
    get,
    path = "/api/v1/security/keys",
    tag = "security",
    operation_id = "list_keys",
    params(
        ("limit" = Option<u32>, Query, description = "At most so many; 50 when absent", minimum = 1, maximum = 200),
        ("cursor" = Option<String>, Query, description = "The `next_cursor` of the page before"),
        ("token" = Option<String>, Query, description = "Those on this token only"),
    ),
    responses((status = 200, description = "A page", body = Keys))
)]
pub(super) async fn list(State(api): State<Arc<Api>>, uri: Uri) -> ProblemResult<axum::Json<Keys>> {
    let query = Query::parse(&uri, &["limit", "cursor", "token"])?;
    let page = PageRequest {
        limit: query.number("limit", 1..=200, 50)?,
        cursor: query.text("cursor").map(str::to_owned),
    };
    let token = query.text("token").map(str::to_owned);
    let keys = Arc::clone(&api.services.keys);
    Ok(axum::Json(blocking::run(move || keys.list(page, token.as_deref())).await??.into()))
}

/// One key.
#[utoipa::path(
    get,
    path = "/api/v1/security/keys/{id}",
    tag = "security",
    operation_id = "show_key",
    params(("id" = String, Path, description = "The key's id, 32 hexadecimal digits")),
    responses((status = 200, description = "The key", body = Key))
)]
pub(super) async fn show(
    State(api): State<Arc<Api>>,
    KeyPath(id): KeyPath,
) -> ProblemResult<axum::Json<Key>> {
    let keys = Arc::clone(&api.services.keys);
    let key = blocking::run(move || keys.get(&id)).await??;
    Ok(axum::Json(key.into()))
}

/// Destroys a key pair. What was signed with it stays valid; nothing new can be signed.
#[utoipa::path(
    delete,
    path = "/api/v1/security/keys/{id}",
    tag = "security",
    operation_id = "delete_key",
    params(("id" = String, Path, description = "The key's id, 32 hexadecimal digits")),
    responses((status = 204, description = "It is gone"))
)]
pub(super) async fn delete(
    State(api): State<Arc<Api>>,
    caller: Caller,
    KeyPath(id): KeyPath,
) -> ProblemResult<StatusCode> {
    let keys = Arc::clone(&api.services.keys);
    blocking::run(move || keys.delete(&caller.actor(), &id)).await??;
    Ok(StatusCode::NO_CONTENT)
}
