//! The Bitcoin node in the image.

use std::time::Duration;

use serde_json::{Value, json};

use crate::dev::dev_box;
use crate::release_box::turn;

const PATIENCE: Duration = Duration::from_secs(180);

#[test]
fn a_mined_block_is_there_after_a_reboot() {
    let turn = turn();
    let dev = dev_box(&turn);
    let machine = dev.resume(&turn.lab).unwrap();
    let client = dev.client(&machine);
    client.until("/api/v1/bitcoin/status", PATIENCE, |node| node["state"] == "running").unwrap();
    let mined = client.post("/api/v1/bitcoin/regtest/blocks", &json!({"count": 1}), 201).unwrap();
    assert_eq!(mined["height"], 1, "{mined}");
    machine.power_down().unwrap();

    let machine = dev.boot(&turn.lab, &[]).unwrap();
    machine.wait_ready().unwrap();
    let node =
        dev.client(&machine).until("/api/v1/bitcoin/status", PATIENCE, |node| node["blocks"] == 1).unwrap();
    assert_eq!((&node["chain"], &node["rules"]["verdict"]), (&json!("regtest"), &json!("bitcoin")), "{node}");
}

#[test]
fn without_a_working_bitcoind_the_box_says_so_and_the_rest_works() {
    let turn = turn();
    let dev = dev_box(&turn);
    dev.rewind(&turn.lab).unwrap();
    let broken = "[Service]\nEnvironment=ANYAD_BITCOIN__BINARY=/usr/bin/missing\n";
    let machine = dev.boot(&turn.lab, &[("systemd.unit-dropin.anyad.service~broken", broken)]).unwrap();
    machine.wait_ready().unwrap();
    let client = dev.client(&machine);
    let failed = |ready: &Value| {
        let parts = ready["components"].as_array().into_iter().flatten();
        parts.into_iter().any(|part| {
            part["name"] == "bitcoin"
                && part["state"] == "failed"
                && part["detail"].as_str().is_some_and(|d| !d.is_empty())
        })
    };
    let ready = client.until("/readyz", PATIENCE, failed).unwrap();
    assert_eq!(ready["status"], "degraded", "{ready}");
    assert_eq!(client.ask("GET", "/", None).unwrap().status, 200, "there is a page");
    let new = json!({"algorithm": "p256", "label": "without a node"});
    client.post("/api/v1/security/keys", &new, 201).unwrap();
    assert_eq!(machine.starts(), 1, "no reboot: {}", machine.serial().told());
}
