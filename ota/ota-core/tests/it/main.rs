//! The rules as a whole, from outside: hostile releases as data, and a machine whose power fails.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod hostile;
mod machine;
mod power;
