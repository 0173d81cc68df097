//! Listing models.

use std::sync::Arc;

use appliance_core::inference::{ModelInfo, ModelState};
use axum::Json;
use axum::extract::State;

use crate::dto::models::{OpenAiModel, OpenAiModels};
use crate::extract::NamePath;
use crate::problem::{Problem, ProblemResult, Slug};
use crate::router::Api;

/// The models whose files are there.
#[utoipa::path(
    get,
    path = "/v1/models",
    tag = "openai",
    operation_id = "list_openai_models",
    responses((status = 200, description = "The models", body = OpenAiModels))
)]
pub(super) async fn list(State(api): State<Arc<Api>>) -> Json<OpenAiModels> {
    let data = present(&api).map(|model| shape(&api, model)).collect();
    Json(OpenAiModels { object: "list", data })
}

/// One model.
#[utoipa::path(
    get,
    path = "/v1/models/{id}",
    tag = "openai",
    operation_id = "retrieve_openai_model",
    params(("id" = String, Path, description = "The model's id")),
    responses((status = 200, description = "The model", body = OpenAiModel))
)]
pub(super) async fn retrieve(
    State(api): State<Arc<Api>>,
    NamePath(id): NamePath,
) -> ProblemResult<Json<OpenAiModel>> {
    let found = present(&api).find(|model| model.id == id).map(|model| shape(&api, model));
    found.map(Json).ok_or_else(|| {
        Problem::new(Slug::NotFound, format!("There is no model `{id}` on this box."))
            .with_next("GET /v1/models lists the models of this box.")
            .with_code("model_not_found")
    })
}

fn present(api: &Api) -> impl Iterator<Item = ModelInfo> {
    let models = [api.services.embedder.model(), api.services.chat.model()];
    models.into_iter().filter(|model| model.state != ModelState::Absent)
}

fn shape(api: &Api, model: ModelInfo) -> OpenAiModel {
    let created = api.services.identity.started_at.as_second();
    OpenAiModel { id: model.id, object: "model", created, owned_by: "anya" }
}
