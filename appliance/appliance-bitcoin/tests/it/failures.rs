//! A node that cannot run: the status says why, and what to do.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use appliance_bitcoin::Listen;
use appliance_core::node::{Chain, NodeState};
use tempfile::TempDir;

use crate::harness::{STOP, Subject, bitcoin_core, is_used, until_exists};

/// A program made of shell.
fn script(text: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bitcoind");
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    (folder, path)
}

async fn waits_with(subject: &Subject, words: &[&str]) {
    let status =
        subject.until(|status| matches!(status.state, NodeState::Waiting | NodeState::Stopped)).await;
    let detail = status.detail.unwrap();
    for word in words {
        assert!(detail.contains(word), "{word} is missing in: {detail}");
    }
    subject.node.stop(STOP).await;
}

#[tokio::test]
async fn no_program() {
    let subject = Subject::start("/nowhere/bitcoind".into(), Chain::Regtest, |_| {}).await;
    waits_with(&subject, &["no program /nowhere/bitcoind", "install Bitcoin Core"]).await;
}

#[tokio::test]
async fn a_file_that_is_no_program() {
    let (_folder, path) = script("");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let subject = Subject::start(path, Chain::Regtest, |_| {}).await;
    waits_with(&subject, &["make it executable"]).await;
}

#[tokio::test]
async fn another_program_that_ends_at_once_opens_the_breaker_and_is_tried_again() {
    let (_folder, path) = script("echo hello; exit 3");
    let subject = Subject::start(path, Chain::Regtest, |_| {}).await;
    // Until it was half open once: one try more, and open again.
    subject.until(|status| status.state == NodeState::Stopped && status.restarts >= 5).await;
    subject.node.stop(STOP).await;

    let statuses = subject.told.statuses();
    let opened: Vec<_> = statuses.iter().filter(|status| status.state == NodeState::Stopped).collect();
    let detail = opened[0].detail.as_deref().unwrap();
    for word in ["status 3", "does not behave like a bitcoind", "hello", "died 5 times in a row", "next try"]
    {
        assert!(detail.contains(word), "{word} is missing in: {detail}");
    }
    assert_eq!((opened[0].restarts, opened[1].restarts), (4, 5));
    assert!(opened[1].detail.as_deref().unwrap().contains("died 6 times in a row"));
    let waits = statuses.iter().filter(|status| status.state == NodeState::Waiting).count();
    assert_eq!(waits, 4, "{statuses:?}");
}

#[tokio::test]
async fn another_program_that_stays_and_ignores_the_end_is_killed_in_time() {
    let (_folder, path) = script("trap '' TERM; touch ready; while :; do sleep 0.1; done");
    let subject = Subject::start(path, Chain::Regtest, |_| {}).await;
    until_exists(&subject.folder.path().join("node/ready")).await;
    assert!(is_used(subject.folder.path()));
    subject.node.stop(Duration::from_secs(1)).await;
    assert!(!is_used(subject.folder.path()), "only SIGKILL ends it");
    assert_eq!(subject.node.status().state, NodeState::Stopped);
}

#[tokio::test]
async fn a_program_that_never_answers_is_given_up() {
    let (_folder, path) = script("exec sleep 1000");
    let subject =
        Subject::start(path, Chain::Regtest, |config| config.answer_within = Duration::from_secs(1)).await;
    waits_with(&subject, &["did not answer RPC within 1 s", "is a bitcoind"]).await;
}

#[tokio::test]
async fn rpc_port_taken() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let subject = Subject::start(bitcoin_core(), Chain::Regtest, |config| config.rpc_port = Some(port)).await;
    waits_with(&subject, &[&format!("Port {port}"), "is taken", "choose another port"]).await;
}

#[tokio::test]
async fn peer_port_taken() {
    let taken = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let listen = Some(Listen { address: None, port });
    let subject = Subject::start(bitcoin_core(), Chain::Regtest, |config| config.listen = listen).await;
    waits_with(&subject, &["port for peers is taken"]).await;
}

#[tokio::test]
async fn data_folder_in_use() {
    let first = Subject::start(bitcoin_core(), Chain::Regtest, |_| {}).await;
    first.until_state(NodeState::Running).await;
    let folder = first.folder.path().join("node");
    let second = Subject::start(bitcoin_core(), Chain::Regtest, |config| config.data_dir = folder).await;
    waits_with(&second, &["Another bitcoind uses the data folder", "choose another folder"]).await;
    // The first one did not suffer.
    first.node.generate_blocks(1).await.unwrap();
    first.told.blocks_announced(1).await;
    first.node.stop(STOP).await;
}

#[tokio::test]
async fn an_option_that_is_the_box_s_own() {
    let subject = Subject::start(bitcoin_core(), Chain::Regtest, |config| {
        config.extra.push(("rpcbind".to_owned(), "0.0.0.0".to_owned()));
    })
    .await;
    waits_with(&subject, &["\"rpcbind\"", "the box's own"]).await;
}

#[tokio::test]
async fn the_process_gets_nothing_of_the_user_s() {
    let (_folder, path) =
        script(r#"echo "Error: bitcoind sees HOME=$HOME CARGO=$CARGO_MANIFEST_DIR. $*"; exit 1"#);
    let subject = Subject::start(path, Chain::Regtest, |_| {}).await;
    let node = subject.folder.path().join("node");
    let home = format!("HOME={} CARGO=. -datadir={}", node.display(), node.display());
    let configuration = format!("-conf={}/bitcoin.conf", node.display());
    waits_with(&subject, &[&home, &configuration]).await;
}
