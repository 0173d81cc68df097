//! Signing in and out.

use std::sync::Arc;

use appliance_core::access;
use axum::Extension;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::blocking;
use crate::dto::access::{OpenedSession, Session, SignInRequest};
use crate::extract::Json;
use crate::gate::{self, Caller, Presented, RequestId};
use crate::problem::{Problem, ProblemResult};
use crate::router::Api;

/// Who is signed in, and how.
#[utoipa::path(
    get,
    path = "/api/v1/access/session",
    tag = "access",
    operation_id = "show_session",
    responses((status = 200, description = "Who is signed in", body = Session))
)]
pub(super) async fn show(caller: Caller) -> axum::Json<Session> {
    let user = caller.principal.user.clone().into();
    axum::Json(Session { user, via: caller.via(), expires_at: caller.principal.expires_at })
}

/// Signs in with a password.
#[utoipa::path(
    post,
    path = "/api/v1/access/session",
    tag = "access",
    operation_id = "sign_in",
    request_body = SignInRequest,
    responses((status = 201, description = "Signed in; the cookie is the session", body = OpenedSession))
)]
pub(super) async fn open(
    State(api): State<Arc<Api>>,
    Extension(request_id): Extension<RequestId>,
    Json(request): Json<SignInRequest>,
) -> ProblemResult<Response> {
    let access = Arc::clone(&api.services.access);
    let sign_in = move || access.sign_in(&request.username, &request.password, &request_id);
    Ok(opened(blocking::run(sign_in).await??))
}

/// Signs out: ends the session, and removes the cookie.
#[utoipa::path(
    delete,
    path = "/api/v1/access/session",
    tag = "access",
    operation_id = "sign_out",
    responses((status = 204, description = "Signed out"))
)]
pub(super) async fn close(
    State(api): State<Arc<Api>>,
    Extension(request_id): Extension<RequestId>,
    Extension(presented): Extension<Arc<Presented>>,
) -> ProblemResult<Response> {
    if let Presented::ApiKey(_) = *presented {
        return Err(Problem::field("Authorization", "is an API key, which has no session to end")
            .with_next("Delete the API key instead, with DELETE /api/v1/access/api-keys/{id}."));
    }
    let access = Arc::clone(&api.services.access);
    let sign_out = move || match &*presented {
        Presented::Session(secret) => access.sign_out(secret, &request_id),
        Presented::ApiKey(_) => Ok(()),
    };
    blocking::run(sign_out).await??;
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().extend(gate::remove_cookie().map(|value| (header::SET_COOKIE, value)));
    Ok(response)
}

/// The answer that opens a session.
pub(super) fn opened(session: access::OpenedSession) -> Response {
    let cookie = gate::set_cookie(&session.secret, session.expires_at);
    let body = OpenedSession { user: session.user.into(), expires_at: session.expires_at };
    let mut response = (StatusCode::CREATED, axum::Json(body)).into_response();
    response.headers_mut().extend(cookie.map(|value| (header::SET_COOKIE, value)));
    response
}
