//! A release of Bitcoin Core, fetched from a server on this machine: the right one, and every wrong one.
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says when it is skipped"
)]

mod archives;
mod gpg;
mod keys;
mod places;
mod program;
mod release;
mod server;
mod signatures;
