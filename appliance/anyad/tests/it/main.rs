//! The service as a whole, driven from outside: its real program, SoftHSM, swtpm, bitcoind and models.
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails by panicking, and shows the box's log"
)]

mod boxed;
mod claim;
mod console;
mod disk_full;
mod events;
mod fault;
mod hostile;
mod inference;
mod keys;
mod lifecycle;
mod node;
mod startup_errors;
mod tokens;
