//! The problem document as it goes over the wire.

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::Problem;

/// The media type of RFC 9457.
const MEDIA_TYPE: &str = "application/problem+json";

/// A failure (RFC 9457). Under `/v1/` it also carries `error`, as OpenAI's clients expect.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemDocument {
    /// Which kind of problem, stable: `urn:anya:problem:` and its name.
    #[serde(rename = "type")]
    #[schema(example = "urn:anya:problem:invalid-request")]
    pub kind: String,
    /// What this kind is, the same for every occurrence.
    #[schema(example = "The request is not valid")]
    pub title: String,
    /// The HTTP status.
    #[schema(example = 400)]
    pub status: u16,
    /// What happened, in plain words.
    #[schema(example = "`label` is 300 characters long; at most 64 are allowed.")]
    pub detail: String,
    /// What to do next.
    #[schema(example = "Correct what is named under `errors`, and send the request again.")]
    pub next: String,
    /// The request's id, as in the log and in `X-Request-ID`.
    #[schema(example = "0199d9a0-52a2-7d0c-9c3e-6a2f0f1d7b11")]
    pub request_id: String,
    /// The particular reason in one word, stable, where a kind has several; for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "too_few_signatures")]
    pub code: Option<String>,
    /// The fields that are wrong, when it is about fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub errors: Vec<FieldError>,
    /// The same for OpenAI's clients; under `/v1/` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<OpenAiError>,
}

/// A field that is wrong.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FieldError {
    /// Which: a path into the body (`messages[0].content`), a query parameter or a header.
    #[schema(example = "label")]
    pub field: String,
    /// Why, in plain words; continues the field's name.
    #[schema(example = "is 300 characters long; at most 64 are allowed")]
    pub reason: String,
}

/// An error as OpenAI's clients expect it.
#[derive(Debug, Serialize, ToSchema)]
pub struct OpenAiError {
    /// What happened.
    pub message: String,
    /// `invalid_request_error`, `authentication_error`, `rate_limit_error`, `server_error` …
    #[serde(rename = "type")]
    pub kind: String,
    /// The field it is about.
    #[schema(required)]
    pub param: Option<String>,
    /// A name for programs.
    #[schema(required)]
    pub code: Option<String>,
}

/// The OpenAI form of a problem.
pub(crate) fn openai_error(problem: &Problem) -> OpenAiError {
    OpenAiError {
        message: problem.detail.clone(),
        kind: problem.slug.openai_type().to_owned(),
        param: problem.errors.first().map(|e| e.field.clone()),
        code: Some(problem.code.map_or_else(|| problem.slug.name().replace('-', "_"), str::to_owned)),
    }
}

/// Writes the document into the response that a [`Problem`] left.
pub(crate) fn render(problem: &Problem, request_id: &str, path: &str, response: &mut Response) {
    let document = ProblemDocument {
        kind: format!("urn:anya:problem:{}", problem.slug.name()),
        title: problem.slug.title().to_owned(),
        status: problem.slug.status().as_u16(),
        detail: problem.detail.clone(),
        next: problem.next.as_deref().unwrap_or_else(|| problem.slug.next()).to_owned(),
        request_id: request_id.to_owned(),
        code: problem.reason.as_deref().map(str::to_owned),
        errors: problem.errors.clone(),
        error: path.starts_with("/v1/").then(|| openai_error(problem)),
    };
    let body = serde_json::to_vec(&document).expect("texts and numbers always serialise");
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    *response.body_mut() = Body::from(body);
}
