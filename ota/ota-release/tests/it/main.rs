//! The tool as its users see it: the built binary, real keys, real GnuPG, SoftHSM as the HSM.
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says when it is skipped"
)]

mod bundles;
mod gpg;
mod hsm;
mod image;
mod interruption;
mod keys;
mod pruning;
mod releases;
mod rotation;
mod workshop;
