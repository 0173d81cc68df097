//! The node against real programs: Bitcoin Core, and Bitcoin Knots as the foreign one.
//!
//! `ANYA_TEST_BITCOIND` and `ANYA_TEST_KNOTS` name them; without these, what `dev-tools/fetch` has in its
//! cache is used, and a test that finds nothing there fails and says how to fetch it.
#![expect(clippy::unwrap_used, reason = "tests")]

mod bitcoin_core;
mod failures;
mod harness;
mod knots;
mod lifetime;
