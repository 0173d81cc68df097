//! The node, through the API.

use serde_json::json;

use crate::boxed::{Box, bitcoind, fetched};

#[test]
fn a_mined_block_is_heard_of() {
    let folder = tempfile::tempdir().unwrap();
    let owned = Box::start_in(&folder.path().join("box"), |c| {
        c.arg("--bitcoind").arg(bitcoind()).args(["--bitcoind-source", "the tests"]);
    })
    .claimed();
    let status = owned.until("/api/v1/bitcoin/status", |status| status["state"] == "running");
    assert_eq!(status["chain"], "regtest");
    assert_eq!(status["rules"]["verdict"], "bitcoin");
    assert_eq!(status["source"], "the tests");
    let mut events = owned.events();
    let mined = owned.post("/api/v1/bitcoin/regtest/blocks", &json!({"count": 2}), 201);
    assert_eq!(mined["height"], 2);
    let heard = events.until(|event| event["type"] == "block_connected" && event["height"] == 2);
    assert_eq!(heard["hash"], mined["hashes"][1]);
    owned.until("/api/v1/bitcoin/status", |status| status["blocks"] == 2);
    owned.until("/readyz", |ready| {
        ready["components"]
            .as_array()
            .unwrap()
            .iter()
            .any(|c| c["name"] == "bitcoin" && c["state"] == "ready")
    });
}

#[test]
fn a_foreign_node_is_refused_and_the_rest_of_the_box_works() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("box");
    let owned = Box::start_in(&data, |c| {
        c.arg("--bitcoind").arg(fetched("ANYA_TEST_KNOTS", "knots")).args(["--chain", "main"]);
        c.env("ANYAD_BITCOIN__OFFLINE", "true");
    })
    .claimed();
    let status = owned.until("/api/v1/bitcoin/status", |status| status["state"] == "refused");
    assert_eq!(status["rules"]["verdict"], "foreign");
    let reason = status["rules"]["reason"].as_str().unwrap();
    assert!(
        reason.contains("reduced_data") || reason.contains("Knots") || reason.contains("blake2b"),
        "{reason}"
    );
    assert!(owned.next_labelled("Node").contains("not in use"));
    let ready = owned.get("/readyz");
    assert_eq!(ready["status"], "degraded", "keys and models work without a node");
    owned.post("/api/v1/security/keys", &json!({"algorithm": "p256", "label": "still works"}), 201);
    owned.post("/api/v1/bitcoin/regtest/blocks", &json!({"count": 1}), 409);
}

#[test]
fn a_node_that_is_killed_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("box");
    let owned = Box::start_in(&data, |c| {
        c.arg("--bitcoind").arg(bitcoind());
    })
    .claimed();
    owned.until("/api/v1/bitcoin/status", |status| status["state"] == "running");
    owned.post("/api/v1/bitcoin/regtest/blocks", &json!({"count": 3}), 201);
    let pid: i32 =
        std::fs::read_to_string(data.join("bitcoin/regtest/bitcoind.pid")).unwrap().trim().parse().unwrap();
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL).unwrap();
    // What Core had not written yet is gone with it, as after a power cut; it goes on from what it has.
    owned.until("/api/v1/bitcoin/status", |s| s["restarts"] == 1 && s["state"] == "running");
    owned.post("/api/v1/bitcoin/regtest/blocks", &json!({"count": 1}), 201);
}

const SETTINGS: &str = "/api/v1/bitcoin/settings";

#[test]
fn other_nodes_may_call_while_the_owner_lets_them_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("box");
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let with_door = |command: &mut std::process::Command| {
        command.arg("--bitcoind").arg(bitcoind());
        command.env("ANYAD_BITCOIN__LISTEN_ADDRESS", "127.0.0.1");
        command.env("ANYAD_BITCOIN__LISTEN_PORT", free.port().to_string());
    };
    let takes_calls = || std::net::TcpStream::connect(free).is_ok();
    let runs = |restarts: u64| {
        move |status: &serde_json::Value| status["state"] == "running" && status["restarts"] == restarts
    };

    let mut owned = Box::start_in(&data, with_door).claimed();
    owned.until("/api/v1/bitcoin/status", runs(0));
    assert_eq!(owned.get(SETTINGS), json!({"accepts_peers": false}));
    assert!(!takes_calls(), "a new box lets nobody in");
    assert_eq!(owned.put(SETTINGS, &json!({"accepts_peers": true}), 200), json!({"accepts_peers": true}));
    owned.until("/api/v1/bitcoin/status", runs(1));
    assert!(takes_calls());

    let key = owned.api_key();
    assert!(owned.stop().success());
    drop(owned);
    let owned = Box::start_in(&data, with_door).with_api_key(key);
    owned.until("/api/v1/bitcoin/status", runs(0));
    assert_eq!(owned.get(SETTINGS), json!({"accepts_peers": true}));
    assert!(takes_calls());
    owned.put(SETTINGS, &json!({"accepts_peers": false}), 200);
    owned.until("/api/v1/bitcoin/status", runs(1));
    assert!(!takes_calls());
}
