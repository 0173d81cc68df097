//! What the two programs share that do for the service what only root may: `anya-data` and `anya-slots`.
//!
//! [`program`] starts other programs within bounds; [`block`] finds the box's disk in `/sys`; [`termination`] lets an
//! answer come first.

pub mod block;
pub mod program;
pub mod termination;
