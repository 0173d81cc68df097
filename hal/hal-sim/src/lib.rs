//! hal-sim
