//! The web page, embedded into the binary.
//!
//! # Design
//!
//! A file of the built page is served as it is; names that hold a hash of their content (Vite puts them
//! under `assets/`) may be kept for ever, others are asked for again with their `ETag`. The page routes
//! by itself in the browser, so the addresses it knows ([`PAGES`]) all answer with `index.html`; what is
//! neither is a 404.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::gate;
use crate::problem::{Problem, ProblemResult, Slug};

/// The first part of every address that the page routes by itself.
const PAGES: [&str; 11] =
    ["", "access", "audit", "chat", "claim", "keys", "login", "node", "sign-in", "storage", "updates"];

/// The page's entry.
const INDEX: &str = "index.html";

/// What the page may load and do: only what comes from the box itself.
const PAGE_POLICY: &str = "default-src 'self'; img-src 'self' data:; \
    object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

#[derive(RustEmbed)]
#[folder = "$ANYA_UI_DIST"]
#[exclude = "*.map"]
struct Page;

/// Everything that is not a route: the page's files, or nothing.
pub(crate) async fn fallback(request: Request) -> ProblemResult<Response> {
    let path = request.uri().path();
    if gate::is_api(path) {
        return Err(Problem::new(Slug::NotFound, "There is no such address in the API."));
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let problem = Problem::new(Slug::MethodNotAllowed, "The web page's files can only be read.");
        return Ok(([(header::ALLOW, "GET, HEAD")], problem).into_response());
    }
    if let Some((name, file)) = find(path.trim_start_matches('/')) {
        return Ok(respond(name, file, request.headers()));
    }
    // A person gets the page, which says so and leads back; a program gets a problem document.
    match Page::get(INDEX).filter(|_| wants_html(request.headers())) {
        Some(file) => Ok((StatusCode::NOT_FOUND, respond(INDEX, file, &HeaderMap::new())).into_response()),
        None => Err(Problem::new(Slug::NotFound, "There is no such page.")
            .with_next("Start at `/`, the box's web page.")),
    }
}

/// Whether a browser asks for a page to show.
fn wants_html(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accepted.is_some_and(|accepted| accepted.contains("text/html"))
}

/// The file at a name, or `index.html` for an address that the page routes by itself.
fn find(name: &str) -> Option<(&str, EmbeddedFile)> {
    if let Some(file) = Page::get(name) {
        return Some((name, file));
    }
    let first = name.split('/').next().unwrap_or_default();
    let is_page = PAGES.contains(&first) && !name.contains('.');
    is_page.then(|| Page::get(INDEX).map(|file| (INDEX, file))).flatten()
}

fn respond(name: &str, file: EmbeddedFile, request: &HeaderMap) -> Response {
    let etag = format!("\"{}\"", hex::encode(file.metadata.sha256_hash()));
    let caching =
        if name.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut headers = HeaderMap::new();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY));
    if let Ok(value) = HeaderValue::from_str(&etag) {
        headers.insert(header::ETAG, value);
    }
    let known = request.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    if known.is_some_and(|known| known.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag)) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    let kind = mime_guess::from_path(name).first_or_octet_stream();
    let text = kind.type_() == mime_guess::mime::TEXT;
    let kind = if text { format!("{kind}; charset=utf-8") } else { kind.to_string() };
    if let Ok(value) = HeaderValue::from_str(&kind) {
        headers.insert(header::CONTENT_TYPE, value);
    }
    (headers, Body::from(file.data)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_addresses_are_the_page() {
        for page in ["", "chat", "keys/0199", "index.html"] {
            assert!(find(page).is_some(), "{page}");
        }
        for nothing in ["nothing", "chat/x.js", "assets/missing.js", "../Cargo.toml", "wp-login.php"] {
            assert!(find(nothing).is_none(), "{nothing}");
        }
    }
}
