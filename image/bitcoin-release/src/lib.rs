//! Gets the official release of Bitcoin Core that `image/bitcoin.toml` pins, or nothing.
//!
//! A release is taken when three things agree: the builders' signatures under `SHA256SUMS` (at least two
//! builders out of the pinned ones), the hash that the lock file pins, and the archive. A server that
//! serves something else, or a single builder's key in wrong hands, is not enough to get a program into the
//! image.
//!
//! - [`lock`]: the lock file.
//! - [`signers`]: who signed, out of a pinned list of OpenPGP certificates; knows nothing of Bitcoin.
//! - [`sums`], [`download`], [`archive`]: one format each, within bounds.
//! - [`fetch`]: the steps in their order.
//!
//! Limits: gzip and tar only, as the archives for Linux are; no resumption of a download. What the server
//! answers in the first place is believed for nothing, not even for what the newest release is.

pub mod archive;
pub mod download;
pub mod fetch;
pub mod lock;
pub mod signers;
pub mod sums;
