//! A JSON body, read strictly.

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use serde::de::DeserializeOwned;

use super::{body, wording};
use crate::dto::object::Object;
use crate::problem::{Problem, ProblemResult, Slug};

/// What a route takes as its body. The type denies unknown fields.
pub(crate) trait RequestBody: DeserializeOwned {
    /// The most that the body may have, bytes.
    const LIMIT: usize = 1 << 20;
    /// The kind of problem that an unknown field is.
    const UNKNOWN_FIELD: Slug = Slug::InvalidRequest;
}

/// A JSON body.
pub(crate) struct Json<T>(pub(crate) T);

impl<S: Send + Sync, T: RequestBody> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> ProblemResult<Self> {
        let (parts, body) = request.into_parts();
        check_media_type(&parts.headers, "application/json")?;
        let bytes = body::read(&parts.headers, body, T::LIMIT).await?;
        parse(&bytes).map(Self)
    }
}

/// Reads a document of JSON.
fn parse<T: RequestBody>(bytes: &[u8]) -> ProblemResult<T> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Problem::new(Slug::InvalidRequest, "The body is empty; send a JSON object."));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let Object(value) = serde_path_to_error::deserialize(&mut deserializer)
        .map_err(|error| wording::problem(&error.path().to_string(), error.inner(), T::UNKNOWN_FIELD))?;
    deserializer.end().map_err(|error| wording::problem(".", &error, T::UNKNOWN_FIELD))?;
    Ok(value)
}

/// Takes one media type with any parameters: neither JSON (RFC 8259) nor plain bytes define one that matters.
pub(crate) fn check_media_type(headers: &HeaderMap, wanted: &str) -> ProblemResult<()> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else {
        return Err(Problem::new(Slug::UnsupportedMediaType, "The request has no `Content-Type`."));
    };
    let text = value.to_str().unwrap_or_default();
    let essence = text.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case(wanted) {
        return Ok(());
    }
    let shown: String = essence.chars().take(100).collect();
    Err(Problem::new(Slug::UnsupportedMediaType, format!("The body is announced as `{shown}`.")))
}
