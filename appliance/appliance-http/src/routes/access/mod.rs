//! Owning the box, signing in and out, API keys.

mod api_keys;
mod claim;
mod session;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::router::Api;

/// The routes of this group.
pub(crate) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(claim::state, claim::claim))
        .routes(routes!(session::show, session::open, session::close))
        .routes(routes!(api_keys::list, api_keys::create))
        .routes(routes!(api_keys::delete))
}
