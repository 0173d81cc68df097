//! Who sent a request, as handlers see it.

use std::sync::Arc;

use appliance_core::access::Principal;
use appliance_core::audit::Actor;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::dto::access::Via;
use crate::problem::{Problem, ProblemResult, Slug};

/// The request's id.
pub(crate) type RequestId = Arc<str>;

/// Who sent the request, and its id. There is one wherever the gate asked for a sign-in.
pub(crate) struct Caller {
    pub(crate) principal: Arc<Principal>,
    pub(crate) request_id: RequestId,
}

impl Caller {
    /// The caller as the audit log names it.
    pub(crate) fn actor(&self) -> Actor {
        self.principal.actor(&self.request_id)
    }

    /// How the caller is signed in.
    pub(crate) fn via(&self) -> Via {
        (&self.principal.via).into()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> ProblemResult<Self> {
        let principal = parts.extensions.get::<Arc<Principal>>().cloned();
        let request_id = parts.extensions.get::<RequestId>().cloned();
        match (principal, request_id) {
            (Some(principal), Some(request_id)) => Ok(Self { principal, request_id }),
            _ => Err(Problem::new(Slug::Unauthorized, "Nobody is signed in.")),
        }
    }
}
