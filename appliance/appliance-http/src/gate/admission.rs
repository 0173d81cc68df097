//! Who may come in.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, Method, header};

use super::origin;
use super::presented::{Presented, cookie};
use crate::problem::{Problem, ProblemResult, Slug};
use crate::router::Api;

/// The routes that need no sign-in. A route that is not here needs one. (The web page's files, which
/// are no routes, need none either: they hold nothing of this box.)
const PUBLIC: [(Method, &str); 7] = [
    (Method::GET, "/healthz"),
    (Method::GET, "/readyz"),
    (Method::GET, "/ca.crt"),
    (Method::GET, "/api/v1/system/fault"),
    (Method::GET, "/api/v1/access/claim"),
    (Method::POST, "/api/v1/access/claim"),
    (Method::POST, "/api/v1/access/session"),
];

/// Whether a route needs no sign-in.
pub(crate) fn is_public(method: &Method, route: &str) -> bool {
    let method = if method == Method::HEAD { &Method::GET } else { method };
    PUBLIC.iter().any(|(public, path)| public == method && *path == route)
}

/// Whether an address belongs to the API, whether or not it exists there.
pub(crate) fn is_api(path: &str) -> bool {
    ["/api", "/v1"]
        .iter()
        .any(|root| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

/// Lets a request in, with who sent it among its extensions, or says why not. `name` is set to who it is,
/// for the log.
pub(super) fn admit(
    api: &Api,
    request: &mut Request,
    route: Option<&MatchedPath>,
    name: &mut Option<String>,
) -> ProblemResult<()> {
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let by_bearer = request.headers().contains_key(header::AUTHORIZATION);
    if changes && !by_bearer && !origin::is_not_foreign(request.uri(), request.headers()) {
        return Err(Problem::new(Slug::CrossOriginRequest, "The request comes from another site's page."));
    }
    let public = match route {
        Some(route) => is_public(request.method(), route.as_str()),
        None => !is_api(request.uri().path()),
    };
    if public {
        return Ok(());
    }
    let presented = presented(request.headers())?;
    let principal = api.services.access.authenticate(presented.credential());
    let principal = principal.ok_or_else(|| unauthorized(presented.refusal()))?;
    *name = Some(principal.label());
    request.extensions_mut().insert(Arc::new(principal));
    request.extensions_mut().insert(Arc::new(presented));
    Ok(())
}

fn presented(headers: &HeaderMap) -> ProblemResult<Presented> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let token = value.to_str().ok().and_then(|text| {
            let (scheme, token) = text.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
        });
        return token
            .map(Presented::ApiKey)
            .ok_or_else(|| unauthorized("`Authorization` is not `Bearer` and an API key."));
    }
    cookie(headers)
        .map(|secret| Presented::Session(secret.to_owned()))
        .ok_or_else(|| unauthorized("The request carries neither a session's cookie nor an API key."))
}

fn unauthorized(detail: &str) -> Problem {
    Problem::new(Slug::Unauthorized, detail).with_code("invalid_api_key")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_api_is_what_lies_under_its_roots() {
        for path in ["/api", "/api/", "/api/v2/x", "/v1", "/v1/models"] {
            assert!(is_api(path), "{path}");
        }
        for path in ["/", "/apis", "/v10", "/chat", "/assets/api/x.js"] {
            assert!(!is_api(path), "{path}");
        }
    }

    #[test]
    fn only_the_listed_methods_of_a_public_route_are_public() {
        assert!(is_public(&Method::HEAD, "/healthz"));
        assert!(!is_public(&Method::DELETE, "/api/v1/access/session"));
        assert!(!is_public(&Method::GET, "/metrics"));
    }
}
