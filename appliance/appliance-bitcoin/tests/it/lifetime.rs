//! The node does not outlive the service, however the service ends.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use appliance_bitcoin::BitcoinNode;
use appliance_core::event::{DomainEvent, EventSink};
use appliance_core::node::{Chain, NodeState};

use crate::harness::{Subject, bitcoin_core, offline, read_pid, until_exists, until_gone};

const FOLDER: &str = "ANYA_TEST_SERVICE_FOLDER";

struct Deaf;

impl EventSink for Deaf {
    fn publish(&self, _event: DomainEvent) {}
}

/// Not a test: the service that the test below kills. It says `ready` and stays.
#[tokio::test]
#[ignore = "is run by the_node_ends_when_the_service_is_killed"]
async fn service() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let config = offline(bitcoin_core(), folder.as_ref(), Chain::Regtest);
    let node = BitcoinNode::new(config, Arc::new(Deaf));
    node.start().await;
    node.watch().wait_for(|status| status.state == NodeState::Running).await.unwrap();
    std::fs::write(std::path::Path::new(&folder).join("ready"), "").unwrap();
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn the_node_ends_when_the_service_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let mut service = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "lifetime::service"])
        .env(FOLDER, folder.path())
        .env("ANYA_TEST_BITCOIND", bitcoin_core())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    until_exists(&folder.path().join("ready")).await;
    let node = read_pid(&folder.path().join("node/regtest"));
    service.kill().unwrap();
    service.wait().unwrap();
    until_gone(node).await;
}

#[tokio::test]
async fn the_node_ends_when_its_handle_is_dropped() {
    let subject = Subject::start(bitcoin_core(), Chain::Regtest, |_| {}).await;
    subject.until_state(NodeState::Running).await;
    let pid = subject.pid("regtest");
    let Subject { node, folder, told: _ } = subject;
    drop(node);
    until_gone(pid).await;
    drop(folder);
}

#[tokio::test]
async fn a_node_that_was_stopped_before_it_was_started_never_runs() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("node");
    let node = BitcoinNode::new(offline(bitcoin_core(), folder.path(), Chain::Regtest), Arc::new(Deaf));
    assert_eq!(node.status().state, NodeState::Starting);
    node.stop(Duration::from_secs(600)).await;
    node.start().await;
    // Had it been started after all, it would tell by now that it ended.
    node.stop(Duration::from_secs(600)).await;
    assert!(!data.exists(), "nothing was prepared for a process");
    assert_eq!(node.status().state, NodeState::Starting);
}
