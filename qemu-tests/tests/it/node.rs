//! The Bitcoin node in the image.

use std::time::Duration;

use qemu_tests::machine::Machine;
use serde_json::{Value, json};

use crate::dev::dev_copy;
use crate::turn::turn;

const PATIENCE: Duration = Duration::from_secs(180);

#[test]
fn after_a_reboot_the_chain_is_there_and_the_machine_knows_who_it_is_and_that_time_went_on() {
    let turn = turn();
    let dev = dev_copy(&turn);
    let mut machine = dev.resume(&turn.lab).unwrap();
    let client = dev.client(&machine);
    client.until("/api/v1/bitcoin/status", PATIENCE, |node| node["state"] == "running").unwrap();
    let source = client.get("/api/v1/bitcoin/status").unwrap()["source"].clone();
    assert!(source.as_str().unwrap().starts_with("Bitcoin Core"), "{source}");
    let mined = client.post("/api/v1/bitcoin/regtest/blocks", &json!({"count": 1}), 201).unwrap();
    assert_eq!(mined["height"], 1, "{mined}");
    let id = machine.sh("cat /etc/machine-id").unwrap();
    assert_eq!(id.trim().len(), 32, "{id}");
    let known = seconds(&mut machine);
    machine.power_down().unwrap();

    // The battery of the clock is flat, and there is no network.
    let mut machine = dev.boot_at(&turn.lab, "2020-01-01T00:00:00").unwrap();
    machine.wait_ready().unwrap();
    assert_eq!(machine.sh("cat /etc/machine-id").unwrap(), id);
    let now = seconds(&mut machine);
    assert!(now >= known, "the clock says {now}, and the box knew {known}");
    let node =
        dev.client(&machine).until("/api/v1/bitcoin/status", PATIENCE, |node| node["blocks"] == 1).unwrap();
    assert_eq!((&node["chain"], &node["rules"]["verdict"]), (&json!("regtest"), &json!("bitcoin")), "{node}");
}

fn seconds(machine: &mut Machine) -> u64 {
    machine.sh("date +%s").unwrap().trim().parse().unwrap()
}

#[test]
fn without_a_working_bitcoind_the_box_says_so_and_the_rest_works() {
    let turn = turn();
    let dev = dev_copy(&turn);
    let mut machine = dev.resume(&turn.lab).unwrap();
    let broken = r"mkdir /run/systemd/system/anyad.service.d
        printf '[Service]\nEnvironment=ANYAD_BITCOIN__BINARY=/usr/bin/missing\n' >$_/broken.conf
        systemctl daemon-reload && systemctl restart anyad";
    let (status, told) = machine.run(broken, PATIENCE).unwrap();
    assert_eq!(status, 0, "{told}");
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
    assert_eq!(machine.starts(), 0, "no reboot: {}", machine.serial().told());
}
