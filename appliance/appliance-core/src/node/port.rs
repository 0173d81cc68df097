//! The port through which the rest of the box asks about its node.

use super::{Chain, NodeSettings, NodeState, NodeStatus};
use crate::storage::StorageError;

/// Blocks that were made at will.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GeneratedBlocks {
    /// Height of the last one.
    pub height: u64,
    /// Their hashes in order, as people write them (byte-reversed hexadecimal).
    pub hashes: Vec<String>,
}

/// Why the node did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// Blocks are made at will on regtest only.
    #[error("blocks can be made on regtest only, and this node is on {}", chain.name())]
    WrongChain {
        /// The chain it is on.
        chain: Chain,
    },
    /// The node cannot be asked now.
    #[error("the node does not answer now")]
    NotRunning {
        /// Where it is in its life.
        state: NodeState,
    },
    /// The node is kept off every network, by the box's configuration.
    #[error("this node is kept off every network")]
    Offline,
    /// The settings could not be kept; the node goes on as it was.
    #[error("the node's settings were not kept")]
    NotKept(#[source] StorageError),
    /// The node was asked and failed.
    #[error("{operation}")]
    Call {
        /// The step and its subject, for example `make 3 blocks`.
        operation: String,
        /// What the node or the connection to it said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// The node. Calls block.
pub trait Node: Send + Sync {
    /// What is known of it now; never asks the process, so it answers at once.
    fn status(&self) -> NodeStatus;

    /// Makes 1 to 100 blocks.
    ///
    /// # Errors
    /// `WrongChain` outside regtest, `NotRunning` while it does not answer, `Call` when it fails.
    fn generate_blocks(&self, count: u32) -> Result<GeneratedBlocks, NodeError>;

    /// What the owner decided about it.
    fn settings(&self) -> NodeSettings;

    /// Keeps other settings; a node that they concern is started again with them, in the background.
    ///
    /// # Errors
    /// `NotRunning` where there is no node, `Offline` when peers may call a node without a network,
    /// `NotKept` when the settings cannot be kept.
    fn change_settings(&self, settings: NodeSettings) -> Result<(), NodeError>;
}
