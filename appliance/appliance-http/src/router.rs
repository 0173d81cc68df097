//! Putting the routes together, and the OpenAPI document that comes from them.

use std::sync::Arc;

use axum::Router;
use axum::middleware;
use utoipa_axum::router::OpenApiRouter;

use crate::events::Sampler;
use crate::fault::{FaultApi, FaultServices};
use crate::metrics::Metrics;
use crate::{Services, gate, routes};

mod document;

/// What handlers share.
pub(crate) struct Api {
    pub(crate) services: Services,
    pub(crate) metrics: Metrics,
    pub(crate) sampler: Arc<Sampler>,
}

/// Every route of the box, behind the gate. Must be called inside a tokio runtime only when served.
pub fn router(services: Services) -> Router {
    let api = Arc::new(Api {
        metrics: Metrics::new(&services.identity.version, services.identity.profile.name()),
        sampler: Sampler::new(Arc::clone(&services.sensors), services.events.clone()),
        services,
    });
    let (router, _) = api_routes().split_for_parts();
    router
        .fallback(routes::ui::fallback)
        .layer(middleware::from_fn_with_state(Arc::clone(&api), gate::pass))
        .with_state(api)
}

/// What is served while the data partition is closed: the web page, the fault, the ways out of it.
pub fn fault_router(services: FaultServices) -> Router {
    routes::fault::router()
        .layer(middleware::from_fn(gate::pass_in_fault))
        .with_state(Arc::new(FaultApi::new(services)))
}

/// The OpenAPI 3.1 document of the API, made from the code that serves it.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut document = api_routes().into_openapi();
    document.merge(routes::fault::ways_out().into_openapi());
    document::complete(document)
}

fn api_routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::with_openapi(document::outline())
        .merge(routes::access::routes())
        .merge(routes::system::routes())
        .merge(routes::storage::routes())
        .merge(routes::updates::routes())
        .merge(routes::security::routes())
        .merge(routes::bitcoin::routes())
        .merge(routes::ml::routes())
        .merge(routes::openai::routes())
        .merge(routes::events::routes())
        .merge(routes::ops::routes())
}
