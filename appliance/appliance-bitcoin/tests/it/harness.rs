//! A node under test, what it told, and the programs it runs.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use appliance_bitcoin::{BitcoinNode, NodeConfig};
use appliance_core::event::{DomainEvent, EventSink};
use appliance_core::node::{Chain, NodeState, NodeStatus, RestartPolicy};
use tempfile::TempDir;
use tokio::sync::watch;

/// Nothing here takes this long; it ends a test that would hang.
const PATIENCE: Duration = Duration::from_secs(120);

/// Time that a node gets to stop.
pub(crate) const STOP: Duration = Duration::from_secs(60);

pub(crate) fn bitcoin_core() -> PathBuf {
    program("ANYA_TEST_BITCOIND", "bitcoind")
}

pub(crate) fn knots() -> PathBuf {
    program("ANYA_TEST_KNOTS", "knots")
}

fn program(variable: &str, script: &str) -> PathBuf {
    if let Some(path) = std::env::var_os(variable) {
        return path.into();
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dev-tools/fetch").join(script);
    let output = Command::new(script).arg("--cached").output().unwrap();
    assert!(output.status.success(), "{variable} is not set; {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().into()
}

/// Keeps all events.
pub(crate) struct Recorder {
    events: Mutex<Vec<DomainEvent>>,
    count: watch::Sender<usize>,
}

impl EventSink for Recorder {
    fn publish(&self, event: DomainEvent) {
        self.events.lock().unwrap().push(event);
        self.count.send_modify(|count| *count += 1);
    }
}

impl Recorder {
    /// Heights and hashes of the announced blocks, in order.
    pub(crate) fn blocks(&self) -> Vec<(u64, String)> {
        let events = self.events.lock().unwrap();
        events
            .iter()
            .filter_map(|event| match event {
                DomainEvent::BlockConnected { height, hash } => Some((*height, hash.clone())),
                _ => None,
            })
            .collect()
    }

    /// Every status that was told, in order.
    pub(crate) fn statuses(&self) -> Vec<NodeStatus> {
        let events = self.events.lock().unwrap();
        events
            .iter()
            .filter_map(|event| match event {
                DomainEvent::NodeChanged { status } => Some(status.clone()),
                _ => None,
            })
            .collect()
    }

    /// The states of these.
    pub(crate) fn states(&self) -> Vec<NodeState> {
        self.statuses().into_iter().map(|status| status.state).collect()
    }

    /// Waits until this many blocks were announced.
    pub(crate) async fn blocks_announced(&self, count: usize) {
        let mut told = self.count.subscribe();
        let waited = tokio::time::timeout(PATIENCE, told.wait_for(|_| self.blocks().len() >= count)).await;
        let _ = waited.unwrap_or_else(|_| panic!("{count} blocks expected, got {:?}", self.blocks()));
    }
}

/// A node in a folder of its own.
pub(crate) struct Subject {
    pub(crate) node: BitcoinNode,
    pub(crate) told: Arc<Recorder>,
    pub(crate) folder: TempDir,
}

/// The configuration of a test: quick restarts, and never a network.
pub(crate) fn offline(binary: PathBuf, folder: &Path, chain: Chain) -> NodeConfig {
    let mut config = NodeConfig::new(binary, folder.join("node"), chain, "test");
    let options = [("networkactive", "0"), ("connect", "0"), ("dnsseed", "0")];
    config.extra = options.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    config.restart = RestartPolicy {
        first_pause: Duration::from_millis(50),
        longest_pause: Duration::from_millis(100),
        open_for: Duration::from_millis(100),
        ..RestartPolicy::default()
    };
    config
}

impl Subject {
    pub(crate) async fn start(binary: PathBuf, chain: Chain, change: impl FnOnce(&mut NodeConfig)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = offline(binary, folder.path(), chain);
        change(&mut config);
        let told = Arc::new(Recorder { events: Mutex::default(), count: watch::Sender::new(0) });
        let node = BitcoinNode::new(config, Arc::clone(&told) as Arc<dyn EventSink>);
        node.start().await;
        Self { node, told, folder }
    }

    /// Waits for a status.
    pub(crate) async fn until(&self, what: impl Fn(&NodeStatus) -> bool) -> NodeStatus {
        let mut status = self.node.watch();
        let waited = tokio::time::timeout(PATIENCE, status.wait_for(|status| what(status))).await;
        waited.unwrap_or_else(|_| panic!("not seen; last: {:?}", self.node.status())).unwrap().clone()
    }

    pub(crate) async fn until_state(&self, state: NodeState) -> NodeStatus {
        self.until(|status| status.state == state).await
    }

    /// The number of the node's process, as it wrote it itself.
    pub(crate) fn pid(&self, chain_folder: &str) -> i32 {
        read_pid(&self.folder.path().join("node").join(chain_folder))
    }
}

pub(crate) fn read_pid(folder: &Path) -> i32 {
    let text = std::fs::read_to_string(folder.join("bitcoind.pid")).unwrap();
    text.trim().parse().unwrap()
}

/// Whether a process runs; one that ended and was not reaped does not.
pub(crate) fn runs(pid: i32) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    !stat.rsplit(')').next().unwrap_or("").trim_start().starts_with('Z')
}

/// Whether any process was started with this folder in its arguments.
pub(crate) fn is_used(folder: &Path) -> bool {
    let folder = folder.to_str().unwrap();
    std::fs::read_dir("/proc").unwrap().flatten().any(|entry| {
        let arguments = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&arguments).contains(folder)
    })
}

async fn until(condition: impl Fn() -> bool) {
    let holds = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, holds).await.unwrap();
}

/// Waits for a file that another process makes.
pub(crate) async fn until_exists(file: &Path) {
    until(|| file.exists()).await;
}

/// Waits until a process that is nobody's child here has ended.
pub(crate) async fn until_gone(pid: i32) {
    until(|| !runs(pid)).await;
}
