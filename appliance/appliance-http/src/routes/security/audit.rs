//! The audit log.

use std::sync::Arc;

use appliance_core::page::PageRequest;
use axum::Json;
use axum::extract::State;
use axum::http::Uri;

use crate::blocking;
use crate::dto::audit::{AuditPage, AuditVerification};
use crate::extract::Query;
use crate::problem::ProblemResult;
use crate::router::Api;

/// Who did what, newest first, a page at a time.
#[utoipa::path(
    get,
    path = "/api/v1/security/audit",
    tag = "security",
    operation_id = "list_audit_entries",
    params(
        ("limit" = Option<u32>, Query, description = "At most so many; 100 when absent", minimum = 1, maximum = 500),
        ("cursor" = Option<String>, Query, description = "The `next_cursor` of the page before"),
    ),
    responses((status = 200, description = "A page", body = AuditPage))
)]
pub(super) async fn page(State(api): State<Arc<Api>>, uri: Uri) -> ProblemResult<Json<AuditPage>> {
    let query = Query::parse(&uri, &["limit", "cursor"])?;
    let request = PageRequest {
        limit: query.number("limit", 1..=500, 100)?,
        cursor: query.text("cursor").map(str::to_owned),
    };
    let audit = Arc::clone(&api.services.audit);
    Ok(Json(blocking::run(move || audit.page(request)).await??.into()))
}

/// Whether the log's chain of hashes holds: no entry was changed or taken out.
#[utoipa::path(
    get,
    path = "/api/v1/security/audit/verification",
    tag = "security",
    operation_id = "verify_audit_log",
    responses((status = 200, description = "The verdict", body = AuditVerification))
)]
pub(super) async fn verification(State(api): State<Arc<Api>>) -> ProblemResult<Json<AuditVerification>> {
    let audit = Arc::clone(&api.services.audit);
    Ok(Json(blocking::run(move || audit.verify()).await??.into()))
}
