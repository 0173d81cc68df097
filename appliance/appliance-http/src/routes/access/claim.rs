//! Becoming the box's first administrator.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;

use super::session;
use crate::blocking;
use crate::dto::access::{Certificate, ClaimRequest, ClaimState, OpenedSession};
use crate::extract::Json;
use crate::gate::RequestId;
use crate::problem::ProblemResult;
use crate::router::Api;

/// Whether the box has an owner, and its certificate in forms to compare with the console.
#[utoipa::path(
    get,
    path = "/api/v1/access/claim",
    tag = "access",
    operation_id = "claim_state",
    responses((status = 200, description = "Whether it is claimed", body = ClaimState))
)]
pub(super) async fn state(State(api): State<Arc<Api>>) -> ProblemResult<axum::Json<ClaimState>> {
    let access = Arc::clone(&api.services.access);
    let state = blocking::run(move || access.claim_state()).await?;
    let certificate = api.services.identity.presence().certificate;
    Ok(axum::Json(ClaimState {
        claimed: state.claimed,
        tries_left: state.tries_left,
        retry_after_seconds: state.retry_after_seconds,
        certificate: Certificate {
            sha256: certificate.sha256,
            words: certificate.words,
            ca_sha256: certificate.ca_sha256,
        },
    }))
}

/// Makes the caller the box's first administrator, and signs them in.
#[utoipa::path(
    post,
    path = "/api/v1/access/claim",
    tag = "access",
    operation_id = "claim",
    request_body = ClaimRequest,
    responses((status = 201, description = "The box is yours; the cookie is the session", body = OpenedSession))
)]
pub(super) async fn claim(
    State(api): State<Arc<Api>>,
    Extension(request_id): Extension<RequestId>,
    Json(request): Json<ClaimRequest>,
) -> ProblemResult<Response> {
    let access = Arc::clone(&api.services.access);
    let opened =
        blocking::run(move || access.claim(&request.code, &request.username, &request.password, &request_id))
            .await??;
    Ok(session::opened(opened))
}
