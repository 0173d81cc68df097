//! The node as the rest of the box asks for it: the supervised `bitcoind`, or none.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use appliance_bitcoin::{BitcoinNode, Listen, NodeConfig, source_of};
use appliance_core::event::EventSink;
use appliance_core::node::{Chain, GeneratedBlocks, Node, NodeError, NodeSettings, NodeState, NodeStatus};
use appliance_core::settings::Settings;
use tokio::runtime::Handle;

use crate::config::Bitcoin;

/// The node that the configuration and the owner's settings ask for; not started yet.
pub(crate) fn new(
    config: &Bitcoin,
    folder: PathBuf,
    settings: Arc<dyn Settings>,
    events: Arc<dyn EventSink>,
) -> Option<SupervisedNode> {
    if !config.enabled {
        return None;
    }
    let binary = config.binary.clone().unwrap_or_else(|| on_path("bitcoind"));
    let told_by = config.source_file.clone().unwrap_or_else(|| binary.with_file_name("SOURCE"));
    let source = config.source.clone().unwrap_or_else(|| source_of(&binary, &told_by));
    let mut node = NodeConfig::new(binary, folder, config.chain, source);
    if config.offline {
        node.extra = [("networkactive", "0"), ("dnsseed", "0"), ("connect", "0")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec();
    }
    let decided = decided(&*settings);
    let port = config.listen_port.unwrap_or(config.chain.usual_port());
    let door = (!config.offline).then_some(Listen { address: config.listen_address, port });
    node.listen = door.filter(|_| decided.accepts_peers);
    Some(SupervisedNode {
        node: Arc::new(BitcoinNode::new(node, events)),
        runtime: Handle::current(),
        settings,
        decided: Mutex::new(decided),
        door,
    })
}

/// What the owner decided. Settings that cannot be read are those of a new box, which lets nobody in.
fn decided(settings: &dyn Settings) -> NodeSettings {
    let kept = settings.read(NodeSettings::NAME).unwrap_or_else(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "the node's settings cannot be read");
        None
    });
    let read = kept.as_deref().map(NodeSettings::from_json).transpose();
    read.unwrap_or_else(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "the node's settings are malformed");
        None
    })
    .unwrap_or_default()
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
    runtime: Handle,
    settings: Arc<dyn Settings>,
    decided: Mutex<NodeSettings>,
    /// Where peers may call, once the owner lets them; `None` without a network.
    door: Option<Listen>,
}

impl Node for SupervisedNode {
    fn status(&self) -> NodeStatus {
        self.node.status()
    }

    fn generate_blocks(&self, count: u32) -> Result<GeneratedBlocks, NodeError> {
        self.runtime.block_on(self.node.generate_blocks(count))
    }

    fn settings(&self) -> NodeSettings {
        *self.decided.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change_settings(&self, settings: NodeSettings) -> Result<(), NodeError> {
        if settings.accepts_peers && self.door.is_none() {
            return Err(NodeError::Offline);
        }
        // Held until the node is told, so that what is kept is what the node runs with.
        let mut decided = self.decided.lock().unwrap_or_else(PoisonError::into_inner);
        self.settings.keep(NodeSettings::NAME, &settings.to_json()).map_err(NodeError::NotKept)?;
        *decided = settings;
        self.node.listen_at(self.door.filter(|_| settings.accepts_peers));
        Ok(())
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

    fn settings(&self) -> NodeSettings {
        NodeSettings::default()
    }

    fn change_settings(&self, _: NodeSettings) -> Result<(), NodeError> {
        Err(NodeError::NotRunning { state: NodeState::Off })
    }
}
