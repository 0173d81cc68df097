//! Tokens, keys, signatures, the audit log.

mod audit;
mod idempotent;
mod keys;
mod signatures;
mod tokens;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::router::Api;

/// The routes of this group.
pub(crate) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(tokens::list))
        .routes(routes!(tokens::log_in))
        .routes(routes!(keys::list, keys::create))
        .routes(routes!(keys::show, keys::delete))
        .routes(routes!(signatures::sign))
        .routes(routes!(signatures::verify))
        .routes(routes!(audit::page))
        .routes(routes!(audit::verification))
}
