//! What the two programs share that do for the service what only root may: `anya-data` and `anya-slots`.
//!
//! [`program`] starts other programs within bounds; [`mount`] lays file systems into the tree; [`block`] finds the
//! box's disk in `/sys`; [`termination`] lets an answer come first.

pub mod block;
pub mod mount;
pub mod program;
pub mod termination;
