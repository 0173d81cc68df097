//! The life of an update, as the service keeps it and the page shows it.
//!
//! ```text
//! Idle → Checking → Available → Downloading → Ready → Installing → RestartPending → Trial → Good
//!                                                                                      ↘ RolledBack
//! ```
//!
//! [`Phase::on`] knows which step may follow which; [`Phase::after_start`] reads from what was stored and
//! what runs now what has become of an update while nobody looked: power cuts and restarts come between
//! any two steps. Times are handed in.

mod history;
mod phase;

pub use history::{Entry, History, Outcome};
pub use phase::{Event, OutOfPhase, Phase, StartFacts};
