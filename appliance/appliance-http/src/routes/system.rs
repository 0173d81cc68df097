//! The box itself and its log.

use std::sync::Arc;

use appliance_core::logs::{LogError, LogLevel, LogQuery};
use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::blocking;
use crate::dto::board::System;
use crate::dto::logs::LogPage;
use crate::extract::Query;
use crate::problem::{Problem, ProblemResult};
use crate::router::Api;

/// The routes of this group.
pub(crate) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new().routes(routes!(system)).routes(routes!(logs))
}

/// What the box is, and how its board is now.
#[utoipa::path(
    get,
    path = "/api/v1/system",
    tag = "system",
    responses((status = 200, description = "The box", body = System))
)]
async fn system(State(api): State<Arc<Api>>) -> ProblemResult<Json<System>> {
    let sensors = Arc::clone(&api.services.sensors);
    let board = blocking::run(move || sensors.read()).await?;
    let board = board.map_err(|error| Problem::internal("read the board", &error))?;
    let identity = &api.services.identity;
    let uptime = jiff::Timestamp::now().duration_since(identity.started_at);
    Ok(Json(System {
        name: "Anya Box",
        version: identity.version.clone(),
        hostname: board.hostname.clone(),
        started_at: identity.started_at,
        uptime_seconds: u64::try_from(uptime.as_secs()).unwrap_or(0),
        profile: identity.profile,
        board: board.into(),
        address: identity.presence().address,
    }))
}

/// The service's own log, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/system/logs",
    tag = "system",
    params(
        ("limit" = Option<u32>, Query, description = "At most so many lines; 100 when absent", minimum = 1, maximum = 500),
        ("level" = Option<crate::dto::logs::LogLevel>, Query, description = "Lines of this importance and above; `info` when absent"),
        ("after" = Option<String>, Query, description = "The `next_cursor` of the page before"),
    ),
    responses((status = 200, description = "Lines", body = LogPage))
)]
async fn logs(State(api): State<Arc<Api>>, uri: Uri) -> ProblemResult<Json<LogPage>> {
    const LEVELS: [(&str, LogLevel); 4] = [
        ("error", LogLevel::Error),
        ("warn", LogLevel::Warn),
        ("info", LogLevel::Info),
        ("debug", LogLevel::Debug),
    ];
    let query = Query::parse(&uri, &["limit", "level", "after"])?;
    let query = LogQuery {
        limit: query.number("limit", 1..=500, 100)? as usize,
        level: query.choice("level", &LEVELS, LogLevel::Info)?,
        after: query.text("after").map(str::to_owned),
    };
    let source = Arc::clone(&api.services.logs);
    let page = blocking::run(move || source.recent(&query)).await?;
    page.map(|page| Json(page.into())).map_err(|error| match error {
        LogError::Cursor => Problem::field("after", "leads to a place in the log that is no longer there")
            .with_next("Start again without `after`."),
        LogError::Read(_) => Problem::internal("read the log", &error),
    })
}
