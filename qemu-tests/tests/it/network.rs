//! What the network may ask of the box.

use std::time::Duration;

use qemu_tests::bitcoin_peer;
use serde_json::{Value, json};

use crate::dev::dev_copy;
use crate::turn::turn;

const PATIENCE: Duration = Duration::from_secs(180);

#[test]
fn other_nodes_are_let_in_when_the_owner_says_so_and_nobody_else_is() {
    let turn = turn();
    let dev = dev_copy(&turn);
    let machine = dev.resume(&turn.lab).unwrap();
    let client = dev.client(&machine);
    let runs = |restarts: u64| move |node: &Value| node["state"] == "running" && node["restarts"] == restarts;
    client.until("/api/v1/bitcoin/status", PATIENCE, runs(0)).unwrap();
    assert!(!bitcoin_peer::answers(machine.peer_port()), "a new box lets no node in");

    client.put("/api/v1/bitcoin/settings", &json!({"accepts_peers": true})).unwrap();
    client.until("/api/v1/bitcoin/status", PATIENCE, runs(1)).unwrap();
    assert!(bitcoin_peer::answers(machine.peer_port()), "the firewall and the node let others in");

    client.put("/api/v1/bitcoin/settings", &json!({"accepts_peers": false})).unwrap();
    client.until("/api/v1/bitcoin/status", PATIENCE, runs(2)).unwrap();
    assert!(!bitcoin_peer::answers(machine.peer_port()));
}
