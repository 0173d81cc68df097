//! Releases that are fetched, checked and put together: from a server on this machine, from a folder and from
//! a bundle; the right ones, and every wrong one.
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says when it is skipped"
)]

mod arbitrary;
mod assembling;
mod bundles;
mod checks;
mod downloads;
mod gpg;
mod keeping;
mod kernel;
mod keys;
mod release;
mod rotations;
mod server;
mod tar_file;
mod verity;
