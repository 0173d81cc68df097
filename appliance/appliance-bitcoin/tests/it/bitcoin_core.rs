//! Bitcoin Core: used on every chain, and its blocks are told.

use appliance_bitcoin::Listen;
use appliance_core::node::{Chain, NodeError, NodeState, Verdict};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::harness::{STOP, Subject, bitcoin_core, is_used, runs};

#[tokio::test]
async fn blocks_on_regtest_are_told_once_and_in_order() {
    let subject = Subject::start(bitcoin_core(), Chain::Regtest, |_| {}).await;
    let status = subject.until_state(NodeState::Running).await;
    assert_eq!(status.rules.verdict, Verdict::Bitcoin);
    assert_eq!(status.rules.reason, None);
    assert_eq!(status.implementation.as_deref(), Some("Bitcoin Core"));
    assert!(status.version.unwrap().starts_with("/Satoshi:"));
    assert!(status.block_source.contains(&"long_poll".to_owned()));
    assert_eq!((status.blocks, status.restarts), (0, 0));

    let mut expected = Vec::new();
    for count in [1, 3, 1] {
        let made = subject.node.generate_blocks(count).await.unwrap();
        expected.extend(made.hashes);
        assert_eq!(made.height, u64::try_from(expected.len()).unwrap());
    }
    subject.told.blocks_announced(5).await;
    let status = subject.until(|status| status.blocks == 5).await;
    assert_eq!(status.best_block_hash.as_ref(), expected.last());
    let expected: Vec<_> = (1..).zip(expected).collect();
    assert_eq!(subject.told.blocks(), expected);

    subject.node.stop(STOP).await;
    assert_eq!(subject.node.status().state, NodeState::Stopped);
    assert!(!is_used(subject.folder.path()));
}

#[tokio::test]
async fn a_killed_node_is_started_again_and_goes_on() {
    let subject = Subject::start(bitcoin_core(), Chain::Regtest, |_| {}).await;
    subject.until_state(NodeState::Running).await;
    subject.node.generate_blocks(1).await.unwrap();
    subject.told.blocks_announced(1).await;

    let first = subject.pid("regtest");
    kill(Pid::from_raw(first), Signal::SIGKILL).unwrap();
    let status = subject.until(|status| status.state == NodeState::Running && status.restarts == 1).await;
    assert_eq!(status.detail, None);
    assert!(subject.told.states().contains(&NodeState::Waiting), "{:?}", subject.told.states());
    let second = subject.pid("regtest");
    assert_ne!(first, second);
    assert!(!runs(first));

    let before = subject.told.blocks().len();
    let made = subject.node.generate_blocks(1).await.unwrap();
    subject.told.blocks_announced(before + 1).await;
    assert_eq!(subject.told.blocks().last(), Some(&(made.height, made.hashes[0].clone())));

    subject.node.stop(STOP).await;
    assert!(!runs(second));
    let leftover = subject.folder.path().join("node/rpc.cookie");
    assert!(!leftover.exists(), "the node did not stop in order");
    let refused = subject.node.generate_blocks(1).await.unwrap_err();
    assert!(matches!(refused, NodeError::NotRunning { state: NodeState::Stopped }));
}

#[tokio::test]
async fn is_accepted_on_main_without_a_network() {
    let subject = Subject::start(bitcoin_core(), Chain::Main, |_| {}).await;
    let status = subject.until_state(NodeState::Syncing).await;
    assert_eq!(status.rules.verdict, Verdict::Bitcoin);
    assert_eq!(status.initial_block_download, Some(true));
    let refused = subject.node.generate_blocks(1).await.unwrap_err();
    assert!(matches!(refused, NodeError::WrongChain { chain: Chain::Main }));
    subject.node.stop(STOP).await;
}

#[tokio::test]
async fn peers_may_call_while_the_box_lets_them() {
    let subject = Subject::start(bitcoin_core(), Chain::Regtest, |_| {}).await;
    subject.until_state(NodeState::Running).await;
    subject.node.generate_blocks(1).await.unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let takes_calls = || std::net::TcpStream::connect(free).is_ok();
    assert!(!takes_calls());

    subject.node.listen_at(Some(Listen { address: Some(free.ip()), port: free.port() }));
    let status = subject.until(|status| status.restarts == 1 && status.state == NodeState::Running).await;
    assert_eq!(status.blocks, 1);
    assert!(takes_calls());
    assert!(
        !subject.told.states().contains(&NodeState::Waiting),
        "it is no death: {:?}",
        subject.told.states()
    );

    subject.node.listen_at(None);
    subject.until(|status| status.restarts == 2 && status.state == NodeState::Running).await;
    assert!(!takes_calls());
    subject.node.stop(STOP).await;
}
