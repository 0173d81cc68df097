//! The Bitcoin node.

use appliance_core::node;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::mirror;
use crate::extract::RequestBody;

mirror! {
    /// A chain, by its `-chain=` name.
    #[serde(rename_all = "lowercase")]
    Chain of node::Chain { Main, Test, Testnet4, Signet, Regtest }
}

mirror! {
    /// Where the node is in its life: `refused` follows other rules than Bitcoin's and is not used;
    /// `waiting` died and is started again after a pause; `stopped` died too often in a row.
    #[serde(rename_all = "snake_case")]
    NodeState of node::NodeState { Off, Starting, Syncing, Running, Refused, Waiting, Stopped }
}

mirror! {
    /// Whether a node follows Bitcoin's rules.
    #[serde(rename_all = "snake_case")]
    Verdict of node::Verdict { Bitcoin, Foreign, Unknown }
}

/// How many peers the node has.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Peers {
    /// That called us.
    inbound: u32,
    /// That we called.
    outbound: u32,
}

/// Whether the node follows Bitcoin's rules, and why not.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Rules {
    verdict: Verdict,
    #[schema(required)]
    reason: Option<String>,
}

/// What the box knows of its node.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BitcoinStatus {
    state: NodeState,
    /// What people should know about the state, in plain words.
    #[schema(required)]
    detail: Option<String>,
    chain: Chain,
    /// Height of its best chain.
    blocks: u64,
    /// Height of the longest chain of headers it has.
    headers: u64,
    /// Hash of the block at the end of its best chain.
    #[schema(required)]
    best_block_hash: Option<String>,
    /// How much of the chain is verified, 0 to 1.
    #[schema(required)]
    sync_progress: Option<f64>,
    /// Whether it is still loading the chain for the first time.
    #[schema(required)]
    initial_block_download: Option<bool>,
    peers: Peers,
    /// What it calls itself.
    #[schema(required, example = "/Satoshi:31.99.0/")]
    version: Option<String>,
    /// Which program that is.
    #[schema(required, example = "Bitcoin Core")]
    implementation: Option<String>,
    rules: Rules,
    /// Where its program comes from.
    source: String,
    /// How often it was started again since the box started.
    restarts: u32,
    /// Time since it last started, seconds.
    #[schema(required)]
    uptime_seconds: Option<u64>,
    /// How new blocks become known: `long_poll`, `zmq`.
    block_source: Vec<String>,
}

impl From<node::NodeStatus> for BitcoinStatus {
    fn from(status: node::NodeStatus) -> Self {
        Self {
            state: status.state.into(),
            detail: status.detail,
            chain: status.chain.into(),
            blocks: status.blocks,
            headers: status.headers,
            best_block_hash: status.best_block_hash,
            sync_progress: status.sync_progress,
            initial_block_download: status.initial_block_download,
            peers: Peers { inbound: status.peers.inbound, outbound: status.peers.outbound },
            version: status.version,
            implementation: status.implementation,
            rules: Rules { verdict: status.rules.verdict.into(), reason: status.rules.reason },
            source: status.source,
            restarts: status.restarts,
            uptime_seconds: status.uptime_seconds,
            block_source: status.block_source,
        }
    }
}

/// Blocks to be made, on regtest.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GenerateBlocks {
    /// How many.
    #[schema(minimum = 1, maximum = 100)]
    pub(crate) count: u32,
}

impl RequestBody for GenerateBlocks {}

/// Blocks that were made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GeneratedBlocks {
    /// Height of the last one.
    height: u64,
    /// Their hashes, in order.
    hashes: Vec<String>,
}

impl From<node::GeneratedBlocks> for GeneratedBlocks {
    fn from(blocks: node::GeneratedBlocks) -> Self {
        Self { height: blocks.height, hashes: blocks.hashes }
    }
}

/// What the owner decides about the node.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NodeSettings {
    /// Whether other nodes may call this one.
    accepts_peers: bool,
}

impl RequestBody for NodeSettings {}

impl From<node::NodeSettings> for NodeSettings {
    fn from(settings: node::NodeSettings) -> Self {
        Self { accepts_peers: settings.accepts_peers }
    }
}

impl From<NodeSettings> for node::NodeSettings {
    fn from(settings: NodeSettings) -> Self {
        Self { accepts_peers: settings.accepts_peers }
    }
}
