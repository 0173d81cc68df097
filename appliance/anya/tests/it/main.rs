//! The command line as people and scripts see it: its output, errors and exit status, against a double of
//! the box and, where the service is built, against the real one.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod double;
mod errors;
mod first_contact;
mod output;
mod real;
mod terminal;
mod update;
