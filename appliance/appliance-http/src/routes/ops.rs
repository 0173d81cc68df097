//! Health, metrics, the API's own description, the authority's certificate.

use std::sync::{Arc, LazyLock};

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use bytes::Bytes;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::dto::health::{Component, Health, Readiness};
use crate::metrics::scrape;
use crate::problem::{Problem, ProblemResult};
use crate::router::Api;

/// The routes of this group.
pub(crate) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(healthz))
        .routes(routes!(readyz))
        .routes(routes!(metrics))
        .routes(routes!(document))
        .routes(routes!(authority))
}

/// Whether the service runs. Asks nothing of its parts.
#[utoipa::path(get, path = "/healthz", tag = "ops", responses((status = 200, description = "It runs", body = Health)))]
async fn healthz() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// Whether the box can be used, and how each of its parts is.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "ops",
    responses(
        (status = 200, description = "It can be used", body = Readiness),
        (status = 503, description = "A required part does not work", body = Readiness),
    )
)]
async fn readyz(State(api): State<Arc<Api>>) -> (StatusCode, Json<Readiness>) {
    let components = api.services.health.components();
    let readiness = appliance_core::health::readiness(&components);
    let status = match readiness {
        appliance_core::health::Readiness::NotReady => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::OK,
    };
    let components = components.into_iter().map(Component::from).collect();
    (status, Json(Readiness { status: readiness.into(), components }))
}

/// Figures for Prometheus.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "ops",
    responses((status = 200, description = "OpenMetrics text", body = String, content_type = "application/openmetrics-text"))
)]
async fn metrics(State(api): State<Arc<Api>>) -> ProblemResult<impl IntoResponse> {
    let text = scrape(&api.metrics, &api.services)
        .map_err(|error| Problem::internal("write the metrics", &error))?;
    Ok(([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text))
}

/// This document.
#[utoipa::path(
    get,
    path = "/api/openapi.json",
    tag = "ops",
    responses((status = 200, description = "OpenAPI 3.1", body = Object, content_type = "application/json"))
)]
async fn document() -> impl IntoResponse {
    static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| {
        let text = crate::openapi().to_json().expect("the document is plain data");
        Bytes::from(text)
    });
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT.clone())
}

/// The certificate of the box's own authority, to be trusted by those who use the box.
#[utoipa::path(
    get,
    path = "/ca.crt",
    tag = "ops",
    responses((status = 200, description = "PEM", body = String, content_type = "application/x-x509-ca-cert"))
)]
async fn authority(State(api): State<Arc<Api>>) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "application/x-x509-ca-cert"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"anya-box-ca.crt\""),
    ];
    (headers, api.services.identity.presence().certificate.ca_pem)
}
