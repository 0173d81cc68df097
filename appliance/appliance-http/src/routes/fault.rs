//! What a box answers whose data partition is closed: the fault, and the ways out.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use jiff::Timestamp;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::ui;
use crate::blocking;
use crate::dto::health::{Component, ComponentState, Health, Readiness, ReadinessStatus};
use crate::dto::storage::{ConsoleCodeRequest, FaultState, Opened, UnlockRequest};
use crate::extract::Json;
use crate::fault::{FaultApi, FaultText, Tried};
use crate::gate::{self, RequestId};
use crate::problem::{Problem, ProblemResult, Slug};
use hal_api::HalResult;
use hal_api::volume::{DataVolume, RecoveryKey};

/// The routes that only a box in fault mode has.
pub(crate) fn ways_out() -> OpenApiRouter<Arc<FaultApi>> {
    OpenApiRouter::new().routes(routes!(unlock)).routes(routes!(erase)).routes(routes!(restart))
}

/// Everything that is answered in fault mode.
pub(crate) fn router() -> Router<Arc<FaultApi>> {
    let (ways_out, _) = ways_out().split_for_parts();
    ways_out
        .route("/healthz", get(async || axum::Json(Health { status: "ok" })))
        .route("/readyz", get(readyz))
        .route("/api/v1/system/fault", get(fault))
        .fallback(fallback)
}

async fn fault(State(api): State<Arc<FaultApi>>) -> axum::Json<FaultState> {
    axum::Json(FaultState { fault: api.fault() })
}

async fn readyz(State(api): State<Arc<FaultApi>>) -> (StatusCode, axum::Json<Readiness>) {
    let failed = api.fault().map(|fault| Component {
        name: fault.component().into(),
        state: ComponentState::Failed,
        required: true,
        detail: fault.title.into(),
    });
    let components = failed.into_iter().collect();
    let readiness = Readiness { status: ReadinessStatus::NotReady, components };
    (StatusCode::SERVICE_UNAVAILABLE, axum::Json(readiness))
}

/// The page's files; whatever else the API has needs the data.
async fn fallback(request: Request) -> Response {
    if gate::is_api(request.uri().path()) {
        return Problem::new(Slug::Unavailable, "The box's data is closed, and everything else needs it.")
            .with_next("GET /api/v1/system/fault says what happened, and the ways out.")
            .into_response();
    }
    ui::fallback(request).await.into_response()
}

/// Opens the data partition by its recovery key; the box then goes on with its start. Only while
/// GET /api/v1/system/fault tells of a fault; needs no sign-in then.
#[utoipa::path(
    post,
    path = "/api/v1/storage/unlock",
    tag = "system",
    request_body = UnlockRequest,
    responses((status = 200, description = "It is open", body = Opened))
)]
async fn unlock(
    State(api): State<Arc<FaultApi>>,
    Extension(request_id): Extension<RequestId>,
    Json(request): Json<UnlockRequest>,
) -> ProblemResult<axum::Json<Opened>> {
    let key = RecoveryKey::parse(&request.recovery_key)?;
    // On a thread of its own: a client that goes away does not leave the box half-way.
    let tried = blocking::run(move || api.unlock(&key, &request_id)).await?;
    let busy = || Problem::new(Slug::Busy, "Another key is being tried.").with_retry_after(5);
    match tried.ok_or_else(busy)?.map_err(|error| Problem::volume(&error))? {
        Tried::Open => Ok(axum::Json(Opened { opened: true })),
        Tried::StillClosed(status) => {
            let text = FaultText::of(status.reason);
            Err(Problem::new(Slug::Unavailable, format!("The key is right. {}.", text.title))
                .with_next("GET /api/v1/system/fault says what can be done."))
        }
    }
}

/// Erases everything and restarts the box as new. Only while GET /api/v1/system/fault tells of a fault;
/// needs no sign-in then, but the code on the box's console.
#[utoipa::path(
    post,
    path = "/api/v1/storage/erase",
    tag = "system",
    request_body = ConsoleCodeRequest,
    responses((status = 202, description = "It is erased, and restarts"))
)]
async fn erase(
    State(api): State<Arc<FaultApi>>,
    Json(request): Json<ConsoleCodeRequest>,
) -> ProblemResult<StatusCode> {
    if !api.fault().is_some_and(|fault| fault.offers_erasing()) {
        return Err(Problem::new(Slug::Conflict, "Erasing does not help against this fault."));
    }
    with_code(api, request, |volume| volume.erase()).await
}

/// Restarts the box. Only while GET /api/v1/system/fault tells of a fault; needs no sign-in then, but the
/// code on the box's console.
#[utoipa::path(
    post,
    path = "/api/v1/system/restart",
    tag = "system",
    request_body = ConsoleCodeRequest,
    responses((status = 202, description = "It restarts"))
)]
async fn restart(
    State(api): State<Arc<FaultApi>>,
    Json(request): Json<ConsoleCodeRequest>,
) -> ProblemResult<StatusCode> {
    with_code(api, request, |volume| volume.restart()).await
}

async fn with_code(
    api: Arc<FaultApi>,
    request: ConsoleCodeRequest,
    act: impl FnOnce(&dyn DataVolume) -> HalResult<()> + Send + 'static,
) -> ProblemResult<StatusCode> {
    blocking::run(move || {
        api.code().check(&request.code, Timestamp::now())?;
        act(api.volume()).map_err(|error| Problem::volume(&error))
    })
    .await??;
    Ok(StatusCode::ACCEPTED)
}
