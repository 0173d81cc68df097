//! Turning texts into vectors.

use std::sync::Arc;

use appliance_core::inference::ModelInfo;
use axum::extract::State;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::unknown_model;
use crate::blocking;
use crate::dto::embeddings::{
    Embedding, EmbeddingRequest, EmbeddingResponse, EmbeddingUsage, EncodingFormat, Vector,
};
use crate::extract::Json;
use crate::problem::{Problem, ProblemResult};
use crate::router::Api;

/// The most texts in one request.
const MAX_TEXTS: usize = 256;

/// Turns texts into vectors of length 1.
#[utoipa::path(
    post,
    path = "/v1/embeddings",
    tag = "openai",
    operation_id = "create_embeddings",
    request_body = EmbeddingRequest,
    responses((status = 200, description = "The vectors", body = EmbeddingResponse))
)]
pub(super) async fn create(
    State(api): State<Arc<Api>>,
    Json(request): Json<EmbeddingRequest>,
) -> ProblemResult<axum::Json<EmbeddingResponse>> {
    let model = api.services.embedder.model();
    check(&request, &model)?;
    let format = request.encoding_format.unwrap_or(EncodingFormat::Float);
    let texts = request.input.into_vec();
    check_texts(&texts)?;
    let embedder = Arc::clone(&api.services.embedder);
    let embeddings = blocking::run(move || embedder.embed(texts))
        .await?
        .map_err(|error| Problem::inference(&error, |index| format!("input[{index}]")))?;
    let tokens = embeddings.prompt_tokens;
    api.metrics.tokens(&model.id, tokens, 0);
    let shape = |(index, vector)| Embedding { object: "embedding", index, embedding: encode(vector, format) };
    Ok(axum::Json(EmbeddingResponse {
        object: "list",
        data: embeddings.vectors.into_iter().enumerate().map(shape).collect(),
        model: model.id,
        usage: EmbeddingUsage { prompt_tokens: tokens, total_tokens: tokens },
    }))
}

fn check(request: &EmbeddingRequest, model: &ModelInfo) -> ProblemResult<()> {
    if request.model != model.id {
        return Err(unknown_model(&request.model, &model.id));
    }
    match (request.dimensions, model.dimensions) {
        (Some(asked), Some(own)) if asked != own => Err(Problem::unsupported_field(
            "dimensions",
            format!("is {asked}; this model's vectors have {own}"),
        )),
        _ => Ok(()),
    }
}

fn check_texts(texts: &[String]) -> ProblemResult<()> {
    if texts.is_empty() || texts.len() > MAX_TEXTS {
        let count = texts.len();
        return Err(Problem::field("input", format!("has {count} texts, and has to have 1 to {MAX_TEXTS}")));
    }
    match texts.iter().position(String::is_empty) {
        Some(index) if texts.len() == 1 && index == 0 => Err(Problem::field("input", "is empty")),
        Some(index) => Err(Problem::field(format!("input[{index}]"), "is empty")),
        None => Ok(()),
    }
}

fn encode(vector: Vec<f32>, format: EncodingFormat) -> Vector {
    match format {
        EncodingFormat::Float => Vector::Float(vector),
        EncodingFormat::Base64 => {
            let bytes: Vec<u8> = vector.into_iter().flat_map(f32::to_le_bytes).collect();
            Vector::Base64(STANDARD.encode(bytes))
        }
    }
}
