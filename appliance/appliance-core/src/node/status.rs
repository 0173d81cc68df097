//! What the box knows of its node at a moment.

use serde::{Deserialize, Serialize};

/// A chain that Bitcoin Core knows, by its `-chain=` name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Chain {
    /// Bitcoin.
    Main,
    /// The third test network.
    Test,
    /// The fourth test network (BIP 94).
    Testnet4,
    /// The signed test network (BIP 325).
    Signet,
    /// A private chain whose blocks are made at will.
    Regtest,
}

impl Chain {
    /// The name that `-chain=` and `getblockchaininfo` use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Test => "test",
            Self::Testnet4 => "testnet4",
            Self::Signet => "signet",
            Self::Regtest => "regtest",
        }
    }

    /// The port at which its nodes usually call each other (`nDefaultPort` in
    /// `src/kernel/chainparams.cpp` of Bitcoin Core).
    pub fn usual_port(self) -> u16 {
        match self {
            Self::Main => 8333,
            Self::Test => 18333,
            Self::Testnet4 => 48333,
            Self::Signet => 38333,
            Self::Regtest => 18444,
        }
    }
}

/// Where the node is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeState {
    /// The configuration has no node.
    Off,
    /// The process runs and does not answer yet.
    Starting,
    /// It answers and is catching up with the chain.
    Syncing,
    /// It answers and has the chain.
    Running,
    /// It follows other rules than Bitcoin's and is not used.
    Refused,
    /// It died, and is started again after a pause.
    Waiting,
    /// It died too often in a row, or the box is stopping.
    Stopped,
}

/// How many peers the node has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Peers {
    /// That called us.
    pub inbound: u32,
    /// That we called.
    pub outbound: u32,
}

/// Whether a node follows Bitcoin's rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It does, as far as the box can tell.
    Bitcoin,
    /// It does not.
    Foreign,
    /// It was not asked yet.
    Unknown,
}

/// A verdict and its reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RulesVerdict {
    /// The verdict.
    pub verdict: Verdict,
    /// Why, in plain words, when it is not `bitcoin`.
    pub reason: Option<String>,
}

/// What the box knows of its node; what the node has not said yet is `None`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NodeStatus {
    /// Where it is in its life.
    pub state: NodeState,
    /// What people should know about that, in plain words.
    pub detail: Option<String>,
    /// The chain it is on.
    pub chain: Chain,
    /// Height of its best chain.
    pub blocks: u64,
    /// Height of the longest chain of headers it has.
    pub headers: u64,
    /// Hash of the block at the end of its best chain.
    pub best_block_hash: Option<String>,
    /// How much of the chain is verified, 0 to 1.
    pub sync_progress: Option<f64>,
    /// Whether it is still loading the chain for the first time.
    pub initial_block_download: Option<bool>,
    /// Its peers.
    pub peers: Peers,
    /// What it calls itself (`subversion`).
    pub version: Option<String>,
    /// Which program that is, for people: `Bitcoin Core`, `Bitcoin Knots`.
    pub implementation: Option<String>,
    /// Whether it follows Bitcoin's rules.
    pub rules: RulesVerdict,
    /// Where its program comes from.
    pub source: String,
    /// How often it was started again since the box started.
    pub restarts: u32,
    /// Time since it last started, seconds.
    pub uptime_seconds: Option<u64>,
    /// How new blocks become known: `long_poll`, `zmq`.
    pub block_source: Vec<String>,
}

impl NodeStatus {
    /// What is known before the node has said anything.
    pub fn unasked(state: NodeState, chain: Chain, source: String) -> Self {
        Self {
            state,
            detail: None,
            chain,
            blocks: 0,
            headers: 0,
            best_block_hash: None,
            sync_progress: None,
            initial_block_download: None,
            peers: Peers::default(),
            version: None,
            implementation: None,
            rules: RulesVerdict { verdict: Verdict::Unknown, reason: None },
            source,
            restarts: 0,
            uptime_seconds: None,
            block_source: Vec::new(),
        }
    }
}
