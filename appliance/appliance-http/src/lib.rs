//! The box over HTTPS: the REST API, the API that OpenAI's clients speak, live events, metrics and the
//! embedded web page. The one place where errors become HTTP.
//!
//! # Design
//!
//! - [`Services`] is all that this crate knows of the box: the domain's services and ports, put
//!   together by the composition root. [`router`] makes an axum router of them, [`serve`] serves it.
//! - Every request passes one gate (module `gate`): it gets its id, must be signed in unless its route is on
//!   a short public list, is logged in one line and counted; whatever fails leaves as a problem
//!   document (RFC 9457).
//! - Requests are read strictly (module `extract`), and the OpenAPI document ([`openapi`]) comes from the
//!   same code that reads them.
//! - The domain's calls block; they run on tokio's blocking threads (module `blocking`).
//!
//! # Limits
//!
//! Certificates are fixed while the service runs. WebSockets need HTTP/1.1.

mod blocking;
mod dto;
mod events;
mod extract;
mod gate;
mod identity;
mod metrics;
mod problem;
mod router;
mod routes;
mod server;
mod services;

pub use events::{EventBus, PublishedEvent};
pub use identity::{BoxIdentity, CertificateIdentity, Profile};
pub use problem::{FieldError, OpenAiError, Problem, ProblemDocument, Slug};
pub use router::{openapi, router};
pub use server::{TlsConfigError, serve, tls_config};
pub use services::{AcceleratorReport, ProbeState, Services};
