//! hal-conformance
