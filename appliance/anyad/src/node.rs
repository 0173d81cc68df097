//! The node as the rest of the box asks for it: the supervised `bitcoind`, or none.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use appliance_bitcoin::{BitcoinNode, NodeConfig, source_of};
use appliance_core::event::EventSink;
use appliance_core::node::{Chain, GeneratedBlocks, Node, NodeError, NodeState, NodeStatus};
use tokio::runtime::Handle;

use crate::config::Bitcoin;

/// Starts the node that the configuration asks for.
pub(crate) fn start(
    config: &Bitcoin,
    folder: PathBuf,
    events: Arc<dyn EventSink>,
) -> Option<Arc<BitcoinNode>> {
    if !config.enabled {
        return None;
    }
    let binary = config.binary.clone().unwrap_or_else(|| on_path("bitcoind"));
    let source = config.source.clone().unwrap_or_else(|| source_of(&binary));
    let mut node = NodeConfig::new(binary, folder, config.chain, source);
    node.listen_port = config.listen_port;
    if config.offline {
        node.extra = [("networkactive", "0"), ("dnsseed", "0"), ("connect", "0")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec();
    }
    Some(Arc::new(BitcoinNode::start(node, events)))
}

/// A program on the `PATH`; its bare name where it is not there, so that the error names it.
fn on_path(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
        .unwrap_or_else(|| Path::new(name).to_owned())
}

/// The supervised node behind the domain's port. Its calls wait on the service's runtime, so they are
/// made from blocking threads.
pub(crate) struct SupervisedNode {
    pub(crate) node: Arc<BitcoinNode>,
    pub(crate) runtime: Handle,
}

impl Node for SupervisedNode {
    fn status(&self) -> NodeStatus {
        self.node.status()
    }

    fn generate_blocks(&self, count: u32) -> Result<GeneratedBlocks, NodeError> {
        self.runtime.block_on(self.node.generate_blocks(count))
    }
}

/// No node: the configuration says so.
pub(crate) struct NoNode {
    pub(crate) chain: Chain,
}

impl Node for NoNode {
    fn status(&self) -> NodeStatus {
        let status = NodeStatus::unasked(NodeState::Off, self.chain, String::new());
        NodeStatus { detail: Some("This box runs without a Bitcoin node.".into()), ..status }
    }

    fn generate_blocks(&self, _: u32) -> Result<GeneratedBlocks, NodeError> {
        Err(NodeError::NotRunning { state: NodeState::Off })
    }
}
