//! Bitcoin Knots: a foreign node, refused where it matters, and used on regtest.

use std::time::Duration;

use appliance_bitcoin::BlockSources;
use appliance_core::node::{Chain, NodeState, Verdict};

use crate::harness::{STOP, Subject, is_used, knots};

#[tokio::test]
async fn is_refused_on_main_with_its_deployments_named() {
    let subject = Subject::start(knots(), Chain::Main, |_| {}).await;
    let refused = subject.until_state(NodeState::Refused).await;
    assert!(!is_used(subject.folder.path()), "it is ended before it is called refused");
    assert_eq!(refused.rules.verdict, Verdict::Foreign);
    assert_eq!(refused.rules.reason, refused.detail);
    let detail = refused.detail.unwrap();
    for word in ["does not follow Bitcoin's rules", "reduced_data", "long_coinbase_maturity", "blake2b"] {
        assert!(detail.contains(word), "{word} is missing in: {detail}");
    }
    assert_eq!(refused.implementation.as_deref(), Some("Bitcoin Knots"));
    assert_eq!(refused.restarts, 0);
    subject.node.stop(STOP).await;
    assert_eq!(subject.node.status().state, NodeState::Refused);
    assert!(!subject.told.states().contains(&NodeState::Running));
    assert!(!subject.told.states().contains(&NodeState::Syncing));
}

#[tokio::test]
async fn is_used_on_regtest_and_its_blocks_are_heard_by_zmq_alone() {
    let subject = Subject::start(knots(), Chain::Regtest, |config| {
        config.block_sources = BlockSources { long_poll: false, zmq: true };
        config.refresh = Duration::from_secs(3600);
    })
    .await;
    let status = subject.until_state(NodeState::Running).await;
    assert_eq!(status.block_source, ["zmq"]);
    assert_eq!(status.rules.verdict, Verdict::Foreign);
    assert!(status.rules.reason.unwrap().contains("Bitcoin Knots"));

    // What is told before the subscription stands is lost, so blocks are made until one is heard of.
    let mut hashes = Vec::new();
    while subject.told.blocks().is_empty() {
        hashes.extend(subject.node.generate_blocks(1).await.unwrap().hashes);
    }
    subject.told.blocks_announced(hashes.len()).await;
    let expected: Vec<_> = (1..).zip(hashes).collect();
    assert_eq!(subject.told.blocks(), expected);
    subject.node.stop(STOP).await;
}

#[tokio::test]
async fn a_block_that_both_sources_tell_of_is_announced_once() {
    let subject = Subject::start(knots(), Chain::Regtest, |_| {}).await;
    let status = subject.until_state(NodeState::Running).await;
    assert_eq!(status.block_source, ["long_poll", "zmq"]);
    for _ in 0..20 {
        subject.node.generate_blocks(1).await.unwrap();
    }
    subject.told.blocks_announced(20).await;
    // Whatever is still on its way is heard before the node is gone.
    subject.node.stop(STOP).await;
    let heights: Vec<_> = subject.told.blocks().into_iter().map(|(height, _)| height).collect();
    assert_eq!(heights, (1..=20).collect::<Vec<u64>>());
}
