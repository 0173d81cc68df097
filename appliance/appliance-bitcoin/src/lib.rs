//! The Bitcoin node of the box: `bitcoind` as a supervised child process.
//!
//! # Design
//!
//! - [`BitcoinNode::start`] never fails: a node that cannot run is a state, told in
//!   [`NodeStatus::detail`](appliance_core::node::NodeStatus) with the cure, and tried again later.
//! - One task supervises: it writes the configuration, starts the process, waits until RPC answers, asks
//!   the guard of `appliance_core::node` whether the node follows Bitcoin's rules, and then follows the
//!   chain. A node that follows other rules is stopped and not started again; on regtest, which tests
//!   use, it is kept and its verdict told.
//! - New blocks become known by a long poll (`waitfornewblock`) and, where the node has it, by ZMQ. Both
//!   are hints to look at the tip; what is announced follows from the chain itself, each block once.
//! - The process gets a configuration, a data folder and an environment of its own; nothing of the
//!   user's `~/.bitcoin` is read. It answers RPC on loopback only, by cookie.
//! - When the service dies, however it dies, the kernel tells the process to end (`PDEATHSIG`).
//!
//! # Limits
//!
//! - While the first download runs no block is announced; the status tells the height.
//! - After a gap (a node that was away, a reorganisation) at most 144 blocks are announced.

mod board;
mod config;
mod error;
mod failure;
mod follow;
mod guard;
mod life;
mod node;
mod process;
mod rpc;
mod shutdown;
mod supervisor;
mod tip;

pub use config::{BlockSources, Listen, NodeConfig, source_of};
pub use node::BitcoinNode;
