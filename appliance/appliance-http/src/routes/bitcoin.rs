//! The Bitcoin node.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::blocking;
use crate::dto::node::{BitcoinStatus, GenerateBlocks, GeneratedBlocks};
use crate::extract::Json;
use crate::problem::{Problem, ProblemResult};
use crate::router::Api;

/// The routes of this group.
pub(crate) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new().routes(routes!(status)).routes(routes!(generate))
}

/// How the node is.
#[utoipa::path(
    get,
    path = "/api/v1/bitcoin/status",
    tag = "bitcoin",
    operation_id = "bitcoin_status",
    responses((status = 200, description = "The node", body = BitcoinStatus))
)]
async fn status(State(api): State<Arc<Api>>) -> axum::Json<BitcoinStatus> {
    axum::Json(api.services.node.status().into())
}

/// Makes blocks, on regtest.
#[utoipa::path(
    post,
    path = "/api/v1/bitcoin/regtest/blocks",
    tag = "bitcoin",
    operation_id = "generate_blocks",
    request_body = GenerateBlocks,
    responses((status = 201, description = "They were made", body = GeneratedBlocks))
)]
async fn generate(
    State(api): State<Arc<Api>>,
    Json(GenerateBlocks { count }): Json<GenerateBlocks>,
) -> ProblemResult<(StatusCode, axum::Json<GeneratedBlocks>)> {
    if !(1..=100).contains(&count) {
        return Err(Problem::field(
            "count",
            format!("is {count}, and has to be a whole number from 1 to 100"),
        ));
    }
    let node = Arc::clone(&api.services.node);
    let blocks = blocking::run(move || node.generate_blocks(count)).await??;
    Ok((StatusCode::CREATED, axum::Json(blocks.into())))
}
