//! What the OpenAPI document says beside the routes themselves: the sign-in, the problems, the events.

use axum::http::Method;
use utoipa::OpenApi as _;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{OpenApi, RefOr, Response, ResponseBuilder};

use crate::dto::chat::ChatCompletionChunk;
use crate::dto::event::EventFrame;
use crate::gate;
use crate::problem::{ProblemDocument, Slug};

/// Name of the component that every failure refers to.
const PROBLEM: &str = "Problem";

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Anya Box",
        description = "The box's REST API (`/api/v1`), the API that OpenAI's clients speak (`/v1`), and its health.\n\n\
            Every failure is a problem document (RFC 9457); its `type` is stable.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    components(schemas(EventFrame, ChatCompletionChunk, ProblemDocument)),
    tags(
        (name = "access", description = "Owning the box, signing in, API keys"),
        (name = "system", description = "The box itself"),
        (name = "updates", description = "Updates of the box's own software"),
        (name = "security", description = "Tokens, keys, signatures, the audit log"),
        (name = "bitcoin", description = "The Bitcoin node"),
        (name = "ml", description = "Models and the devices they run on"),
        (name = "openai", description = "What OpenAI's clients speak"),
        (name = "events", description = "What happens, live"),
        (name = "ops", description = "Health, metrics, this document")
    )
)]
struct Outline;

/// The document before any route.
pub(super) fn outline() -> OpenApi {
    Outline::openapi()
}

/// Adds to the routes what holds for all of them: who may call, and how failures look.
pub(super) fn complete(mut document: OpenApi) -> OpenApi {
    let components = document.components.get_or_insert_default();
    let cookie = ApiKeyValue::with_description(gate::COOKIE, "The session of a browser; from signing in.");
    components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    components.add_security_scheme("api_key", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    components.responses.insert(PROBLEM.to_owned(), RefOr::T(problem_response()));
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            let problem = RefOr::Ref(utoipa::openapi::Ref::from_response_name(PROBLEM));
            operation.responses.responses.insert("default".to_owned(), problem);
            if gate::is_public(&method, path) || gate::is_way_out(&method, path) {
                operation.security = Some(vec![]);
            } else {
                let none = std::iter::empty::<&str>;
                let ways = ["session", "api_key"].map(|name| SecurityRequirement::new(name, none()));
                operation.security = Some(ways.into());
            }
        }
    }
    document
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    [
        (Method::GET, item.get.as_mut()),
        (Method::PUT, item.put.as_mut()),
        (Method::POST, item.post.as_mut()),
        (Method::DELETE, item.delete.as_mut()),
    ]
    .into_iter()
    .filter_map(|(method, operation)| operation.map(|operation| (method, operation)))
}

/// Any failure, with every kind of problem as an example.
fn problem_response() -> Response {
    let mut content =
        ContentBuilder::new().schema(Some(RefOr::Ref(utoipa::openapi::Ref::from_schema_name(PROBLEM))));
    for slug in Slug::ALL {
        let value = serde_json::json!({
            "type": format!("urn:anya:problem:{}", slug.name()),
            "title": slug.title(),
            "status": slug.status().as_u16(),
            "detail": "What happened, in plain words.",
            "next": slug.next(),
            "request_id": "0199d9a0-52a2-7d0c-9c3e-6a2f0f1d7b11",
        });
        let example = utoipa::openapi::example::ExampleBuilder::new().value(Some(value)).build();
        content = content.examples_from_iter([(slug.name(), example)]);
    }
    ResponseBuilder::new()
        .description("It failed; the problem says why and what to do next")
        .content("application/problem+json", content.build())
        .build()
}
