//! The Bitcoin node.

use std::sync::Arc;

use appliance_core::audit::{AuditOutcome, AuditRecord};
use appliance_core::node;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::blocking;
use crate::dto::node::{BitcoinStatus, GenerateBlocks, GeneratedBlocks, NodeSettings};
use crate::extract::Json;
use crate::gate::Caller;
use crate::problem::{Problem, ProblemResult};
use crate::router::Api;

/// The routes of this group.
pub(crate) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(status))
        .routes(routes!(settings, change_settings))
        .routes(routes!(generate))
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

/// What the owner decided about the node.
#[utoipa::path(
    get,
    path = "/api/v1/bitcoin/settings",
    tag = "bitcoin",
    operation_id = "bitcoin_settings",
    responses((status = 200, description = "The settings", body = NodeSettings))
)]
async fn settings(State(api): State<Arc<Api>>) -> axum::Json<NodeSettings> {
    axum::Json(api.services.node.settings().into())
}

/// Decides about the node. A node that it concerns is started again with it, which takes seconds.
#[utoipa::path(
    put,
    path = "/api/v1/bitcoin/settings",
    tag = "bitcoin",
    operation_id = "change_bitcoin_settings",
    request_body = NodeSettings,
    responses((status = 200, description = "The settings", body = NodeSettings))
)]
async fn change_settings(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Json(wanted): Json<NodeSettings>,
) -> ProblemResult<axum::Json<NodeSettings>> {
    let (actor, wanted) = (caller.actor(), node::NodeSettings::from(wanted));
    let now = blocking::run(move || {
        let accepts = if wanted.accepts_peers { "yes" } else { "no" };
        let note = |outcome| {
            let action = "node.settings";
            let record = AuditRecord::new(Timestamp::now(), actor.clone(), action, "node".into(), outcome);
            api.services.audit.append(record.with("accepts_peers", accepts))
        };
        // What cannot be audited does not happen: the entry comes first.
        note(AuditOutcome::Ok)?;
        api.services.node.change_settings(wanted).inspect_err(|_| {
            if let Err(error) = note(AuditOutcome::Failed) {
                tracing::error!(error = %crate::problem::chain(&error), "cannot note that it failed");
            }
        })?;
        ProblemResult::Ok(api.services.node.settings())
    })
    .await??;
    Ok(axum::Json(now.into()))
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
