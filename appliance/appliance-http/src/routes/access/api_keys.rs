//! API keys.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;

use crate::blocking;
use crate::dto::access::{ApiKeys, CreateApiKey, CreatedApiKey};
use crate::extract::{Json, NamePath};
use crate::gate::Caller;
use crate::problem::ProblemResult;
use crate::router::Api;

/// The caller's API keys, without their secrets.
#[utoipa::path(
    get,
    path = "/api/v1/access/api-keys",
    tag = "access",
    operation_id = "list_api_keys",
    responses((status = 200, description = "The keys", body = ApiKeys))
)]
pub(super) async fn list(State(api): State<Arc<Api>>, caller: Caller) -> axum::Json<ApiKeys> {
    let keys = api.services.access.list_api_keys(&caller.principal);
    let items = keys.into_iter().map(Into::into).collect();
    axum::Json(ApiKeys { items, next_cursor: None })
}

/// Makes an API key. Its secret is in this answer and nowhere else.
#[utoipa::path(
    post,
    path = "/api/v1/access/api-keys",
    tag = "access",
    operation_id = "create_api_key",
    request_body = CreateApiKey,
    responses((status = 201, description = "The key with its secret", body = CreatedApiKey))
)]
pub(super) async fn create(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Json(request): Json<CreateApiKey>,
) -> ProblemResult<(StatusCode, axum::Json<CreatedApiKey>)> {
    let access = Arc::clone(&api.services.access);
    let create = move || access.create_api_key(&caller.actor(), &request.label, request.expires_in_days);
    let created = blocking::run(create).await??;
    Ok((StatusCode::CREATED, axum::Json(created.into())))
}

/// Deletes an API key; it is refused from now on.
#[utoipa::path(
    delete,
    path = "/api/v1/access/api-keys/{id}",
    tag = "access",
    operation_id = "delete_api_key",
    params(("id" = String, Path, description = "The key's id")),
    responses((status = 204, description = "It is gone"))
)]
pub(super) async fn delete(
    State(api): State<Arc<Api>>,
    caller: Caller,
    NamePath(id): NamePath,
) -> ProblemResult<StatusCode> {
    let access = Arc::clone(&api.services.access);
    blocking::run(move || access.delete_api_key(&caller.actor(), &id)).await??;
    Ok(StatusCode::NO_CONTENT)
}
