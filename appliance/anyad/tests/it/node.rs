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
