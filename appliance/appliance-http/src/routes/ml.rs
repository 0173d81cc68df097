//! Models, and the devices that they could run on.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::AcceleratorReport;
use crate::blocking;
use crate::dto::board::{Device, Devices};
use crate::dto::models::Models;
use crate::problem::{Problem, ProblemResult};
use crate::router::Api;

/// The routes of this group.
pub(crate) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new().routes(routes!(devices)).routes(routes!(models))
}

/// The processor, and what graphics drivers report.
#[utoipa::path(
    get,
    path = "/api/v1/ml/devices",
    tag = "ml",
    responses((status = 200, description = "The devices", body = Devices))
)]
async fn devices(State(api): State<Arc<Api>>) -> ProblemResult<Json<Devices>> {
    let sensors = Arc::clone(&api.services.sensors);
    let board = blocking::run(move || sensors.read()).await?;
    let board = board.map_err(|error| Problem::internal("read the board", &error))?;
    let AcceleratorReport { items, state, detail } = (api.services.accelerators)();
    let processor = std::iter::once(Device::cpu(board.processor));
    let items = processor.chain(items.into_iter().map(Device::from)).collect();
    Ok(Json(Devices { items, state, detail }))
}

/// The models, and how each is.
#[utoipa::path(
    get,
    path = "/api/v1/ml/models",
    tag = "ml",
    responses((status = 200, description = "The models", body = Models))
)]
async fn models(State(api): State<Arc<Api>>) -> Json<Models> {
    let items = vec![api.services.embedder.model().into(), api.services.chat.model().into()];
    Json(Models { items })
}
