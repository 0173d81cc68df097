//! The TPM is another one, or gone: the data stays closed, the page says so, and the recovery key opens it.

use std::time::Duration;

use qemu_tests::box_client::BoxClient;
use qemu_tests::machine::{Machine, Setup};
use qemu_tests::states::{State, of_line};
use serde_json::{Value, json};

use crate::release_box::{ReleaseBox, release_box};
use crate::turn::turn;

/// Asserts that the box serves a page and tells this reason for its closed data.
fn assert_closed(machine: &Machine, reason: &str) {
    let fault = machine.wait_served().unwrap();
    assert_eq!(fault["kind"], "data_closed", "{fault}");
    assert_eq!(fault["reason"], reason, "{fault}");
    for words in ["title", "text"] {
        assert!(fault[words].as_str().unwrap().contains("data"), "{fault}");
    }
    let ways: Vec<&str> =
        fault["ways_out"].as_array().unwrap().iter().map(|way| way.as_str().unwrap()).collect();
    assert!(ways.contains(&"recovery_key") && ways.contains(&"restart"), "{fault}");
    let client = machine.client();
    assert_eq!(client.ask("GET", "/", None).unwrap().status, 200, "there is a page");
    assert_eq!(client.ask("GET", "/readyz", None).unwrap().status, 503);
    assert_ne!(client.ask("GET", "/api/v1/security/keys", None).unwrap().status, 200, "no data is served");
    // The console tells it as well, and nobody is asked for a root password.
    let needs = |line: &str| (of_line(line) == Some(State::Fault)).then_some(());
    machine.serial().wait("the fault on the console", 0, Duration::from_secs(60), needs).unwrap();
    assert_no_emergency(machine);
}

fn assert_no_emergency(machine: &Machine) {
    let lines = machine.serial().lines();
    assert!(
        lines.iter().all(|line| of_line(&line.text) != Some(State::Emergency)),
        "{}",
        machine.serial().told()
    );
    assert_eq!(machine.starts(), 1, "no reboot: {}", machine.serial().told());
}

fn unlock(client: &BoxClient, key: &str, status: u16) -> Value {
    client.post("/api/v1/storage/unlock", &json!({"recovery_key": key}), status).unwrap()
}

/// A key that is well-formed and another one: the same letters, with two of them changed for each other.
fn another(key: &str) -> String {
    let mut letters: Vec<char> = key.chars().collect();
    let second = letters.iter().position(|letter| *letter != letters[0] && *letter != '-').unwrap();
    letters.swap(0, second);
    letters.into_iter().collect()
}

fn recover(made: &ReleaseBox, machine: &Machine) -> Value {
    let client = machine.client();
    let refused = unlock(&client, &another(&made.recovery_key), 422);
    assert!(refused["type"].as_str().unwrap().ends_with("recovery-key-wrong"), "{refused}");
    assert!(!client.serves().unwrap().is_null(), "a wrong key opens nothing");
    assert_eq!(unlock(&client, &made.recovery_key, 200)["opened"], true);
    machine.wait_normal().unwrap();
    let client = made.client(machine);
    made.assert_all_there(&client);
    client.get("/api/v1/storage").unwrap()["volume"].clone()
}

#[test]
fn with_another_tpm_the_recovery_key_opens_the_data_and_from_then_on_that_tpm_does() {
    let turn = turn();
    let made = release_box(&turn);
    let copy = made.copy(&turn, "tpm-replaced");
    let setup = Setup { tpm: Some("tpm-new".into()), ..Setup::default() };
    let machine = Machine::start(&turn.lab, &copy.0, &setup).unwrap();
    assert_closed(&machine, "tpm_refused");
    let volume = recover(made, &machine);
    assert_eq!((&volume["state"], &volume["resealed"]), (&json!("open"), &json!(true)), "{volume}");
    let audit = made.client(&machine).get("/api/v1/security/audit?limit=50").unwrap();
    let noted =
        |action: &str| audit["items"].as_array().unwrap().iter().any(|entry| entry["action"] == action);
    assert!(noted("storage.unlock") && noted("storage.reseal"), "{audit:#}");
    machine.power_down().unwrap();

    let machine = Machine::start(&turn.lab, &copy.0, &setup).unwrap();
    machine.wait_ready().unwrap();
    let client = made.client(&machine);
    made.assert_all_there(&client);
    let volume = client.get("/api/v1/storage").unwrap()["volume"].clone();
    assert_eq!((&volume["protection"], &volume["resealed"]), (&json!("tpm"), &json!(false)), "{volume}");
}

#[test]
fn without_its_tpm_the_box_serves_a_page_that_says_so_and_the_recovery_key_opens_the_data() {
    let turn = turn();
    let made = release_box(&turn);
    let copy = made.copy(&turn, "tpm-gone");
    let machine = Machine::start(&turn.lab, &copy.0, &Setup { tpm: None, ..Setup::default() }).unwrap();
    assert_closed(&machine, "tpm_missing");
    let volume = recover(made, &machine);
    assert_eq!((&volume["state"], &volume["resealed"]), (&json!("open"), &json!(false)), "{volume}");
    assert_no_emergency(&machine);
}
