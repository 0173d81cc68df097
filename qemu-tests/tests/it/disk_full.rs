//! The data partition is full: writing is refused in words, reading goes on, a restart works, and room
//! that is made brings everything back.

use std::time::Duration;

use qemu_tests::box_client::BoxClient;
use qemu_tests::states::{State, of_line};
use serde_json::{Value, json};

use crate::dev::dev_copy;
use crate::turn::turn;

/// Fills the file system to its last block, as root may.
const FILL: &str = "n=0; for size in 256M 16M 1M 64K 4K; do \
    while fallocate -l $size /data/filler-$((n += 1)) 2>/dev/null; do :; done; done; sync; df /data";

fn make_key(client: &BoxClient) -> (u16, Value) {
    let new = json!({"algorithm": "p256", "label": "one more"});
    let answer = client.ask("POST", "/api/v1/security/keys", Some(&new)).unwrap();
    (answer.status, answer.body)
}

fn assert_reads(client: &BoxClient) {
    assert!(!client.get("/api/v1/security/keys").unwrap()["items"].as_array().unwrap().is_empty());
    assert!(!client.get("/api/v1/security/audit").unwrap()["items"].as_array().unwrap().is_empty());
    let volume = &client.get("/api/v1/storage").unwrap()["volume"];
    assert!(volume["free_bytes"].as_u64().unwrap() < 1 << 20, "{volume}");
}

fn storage(ready: &Value) -> Option<&Value> {
    ready["components"].as_array()?.iter().find(|part| part["name"] == "storage")
}

/// Waits until the health says in words that the disk is full.
fn assert_told(client: &BoxClient) {
    let full = |ready: &Value| storage(ready).is_some_and(|part| part["state"] == "failed");
    let ready = client.until("/readyz", Duration::from_secs(60), full).unwrap();
    let detail = storage(&ready).unwrap()["detail"].as_str().unwrap();
    assert!(detail.contains("full"), "{ready}");
}

/// Makes keys until one is refused, and asserts that the refusal says why.
fn assert_refused(client: &BoxClient) {
    // What the database holds in reserve inside its own files may last for some.
    let refused = (0..100).map(|_| make_key(client)).find(|(status, _)| *status != 201);
    let (status, problem) = refused.expect("a hundred keys were made on a full disk");
    assert_eq!(status, 507, "{problem}");
    assert!(problem["type"].as_str().unwrap().ends_with("storage-full"), "{problem}");
    for words in ["title", "next"] {
        assert!(!problem[words].as_str().unwrap().is_empty(), "{problem}");
    }
}

#[test]
fn a_full_disk_refuses_writes_in_words_also_after_a_restart_and_room_brings_the_box_back() {
    let turn = turn();
    let dev = dev_copy(&turn);
    let mut machine = dev.resume(&turn.lab).unwrap();
    let client = dev.client(&machine);
    machine.run(FILL, Duration::from_secs(120)).unwrap();
    assert_refused(&client);
    assert_reads(&client);
    assert_told(&client);
    machine.cut_power();

    let mut machine = dev.boot(&turn.lab).unwrap();
    let fault = machine.wait_served().unwrap();
    assert!(fault.is_null(), "a full disk is told by the health: {fault}");
    let client = dev.client(&machine);
    assert_eq!(client.ask("GET", "/", None).unwrap().status, 200, "there is a page");
    assert_reads(&client);
    assert_told(&client);
    assert_refused(&client);
    let lines = machine.serial().lines();
    assert!(lines.iter().all(|line| of_line(&line.text) != Some(State::Emergency)));
    assert_eq!(machine.starts(), 1, "no reboot: {}", machine.serial().told());

    machine.sh("rm /data/filler-*; sync").unwrap();
    let well = |ready: &Value| storage(ready).is_some_and(|part| part["state"] == "ready");
    client.until("/readyz", Duration::from_secs(60), well).unwrap();
    assert_eq!(make_key(&client).0, 201, "with room, the box works again");
    assert_eq!(client.get("/api/v1/security/audit/verification").unwrap()["intact"], true);
}
