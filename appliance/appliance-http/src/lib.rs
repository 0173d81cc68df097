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
//! - While the data partition is closed, [`fault_router`] serves the ways out of that and nothing else
//!   (module `fault`).
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
mod fault;
mod gate;
mod identity;
mod metrics;
mod problem;
mod router;
mod routes;
mod server;
mod services;

pub use events::{EventBus, PublishedEvent};
pub use fault::{ConsoleCode, FaultServices, FaultText, NOT_STARTED, Unlocked};
pub use identity::{BoxIdentity, CertificateIdentity, Presence, Profile};
pub use problem::{FieldError, OpenAiError, Problem, ProblemDocument, Slug};
pub use router::{fault_router, openapi, router};
pub use server::{ServedCertificate, TlsConfigError, serve, tls_config, tls_config_for};
pub use services::{AcceleratorReport, ProbeState, Services, Storage};
