//! The router from outside, with doubles for the domain's ports behind it.
#![expect(clippy::unwrap_used, reason = "tests")]

mod openapi;
mod server;
