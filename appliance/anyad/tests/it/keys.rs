//! Keys on the real tokens, through the API.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::boxed::Box;

fn exercise(owned: &Box, token: &str, algorithm: &str) -> String {
    let new = json!({"algorithm": algorithm, "label": format!("{algorithm} of a test"), "token": token});
    let key = owned.post("/api/v1/security/keys", &new, 201);
    let id = key["id"].as_str().unwrap().to_owned();
    assert!(key["public_key"]["pem"].as_str().unwrap().starts_with("-----BEGIN PUBLIC KEY-----"));
    let message = STANDARD.encode("pay 1 to Bob");
    let path = format!("/api/v1/security/keys/{id}");
    let signed = owned.post(&format!("{path}/sign"), &json!({"message": message}), 200);
    let verify = |message: &str| {
        let body = json!({"message": message, "signature": signed["signature"]});
        owned.post(&format!("{path}/verify"), &body, 200)["valid"].as_bool().unwrap()
    };
    assert!(verify(&message), "{algorithm} on {token}");
    assert!(!verify(&STANDARD.encode("pay 9 to Bob")), "{algorithm} on {token}");
    id
}

#[test]
fn every_algorithm_signs_on_both_tokens_and_keys_outlive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("box");
    let mut owned = Box::start_in(&data, |c| {
        c.args(["--no-bitcoin", "--tpm", "swtpm"]);
    })
    .claimed();
    let tokens = owned.get("/api/v1/security/tokens");
    let names: Vec<_> = tokens["items"].as_array().unwrap().iter().map(|t| t["name"].clone()).collect();
    assert_eq!(names, ["softhsm", "tpm"]);
    assert!(
        tokens["items"].as_array().unwrap().iter().all(|t| t["health"]["state"] == "healthy"),
        "{tokens}"
    );

    let mut ids = Vec::new();
    for algorithm in ["p256", "secp256k1", "ed25519", "rsa2048"] {
        ids.push(exercise(&owned, "softhsm", algorithm));
    }
    for algorithm in ["p256", "rsa2048"] {
        ids.push(exercise(&owned, "tpm", algorithm));
    }
    let refused = json!({"algorithm": "secp256k1", "label": "x", "token": "tpm"});
    assert_eq!(owned.post("/api/v1/security/keys", &refused, 400)["type"], "urn:anya:problem:unsupported");

    let key = owned.api_key();
    assert!(owned.stop().success());
    drop(owned);
    let owned = Box::start_in(&data, |c| {
        c.args(["--no-bitcoin", "--tpm", "swtpm"]);
    })
    .with_api_key(key);
    let listed = owned.get("/api/v1/security/keys");
    assert_eq!(listed["items"].as_array().unwrap().len(), ids.len());
    for id in &ids {
        let sign = format!("/api/v1/security/keys/{id}/sign");
        owned.post(&sign, &json!({"message": STANDARD.encode("again")}), 200);
    }
    let report = owned.get("/api/v1/security/audit/verification");
    assert_eq!(report["intact"], true);
}

#[test]
fn secp256k1_signatures_are_low_s() {
    let owned = Box::start(&[]).claimed();
    let new = json!({"algorithm": "secp256k1", "label": "coins"});
    let id = owned.post("/api/v1/security/keys", &new, 201)["id"].as_str().unwrap().to_owned();
    // Half of SoftHSM's signatures are high-S: 24 of them in a row are low by chance once in 16 million.
    for number in 0..24 {
        let body = json!({"message": STANDARD.encode([number]), "encoding": "raw"});
        let signed = owned.post(&format!("/api/v1/security/keys/{id}/sign"), &body, 200);
        let raw = STANDARD.decode(signed["signature"].as_str().unwrap()).unwrap();
        assert_eq!(raw.len(), 64);
        assert!(raw[32] < 0x80, "s is at most n/2, so its first bit is clear");
    }
}

#[test]
fn an_answered_operation_outlives_a_kill_and_is_audited() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("box");
    let mut owned = Box::start_in(&data, |c| {
        c.arg("--no-bitcoin");
    })
    .claimed();
    let id = exercise(&owned, "softhsm", "p256");
    let gone = exercise(&owned, "softhsm", "ed25519");
    let deleted = owned.request("DELETE", &format!("/api/v1/security/keys/{gone}")).send().unwrap();
    assert_eq!(deleted.status(), 204);
    let key = owned.api_key();
    owned.kill();
    drop(owned);

    let owned = Box::start_in(&data, |c| {
        c.arg("--no-bitcoin");
    })
    .with_api_key(key);
    assert_eq!(owned.get(&format!("/api/v1/security/keys/{id}"))["algorithm"], "p256");
    let missing = owned.request("GET", &format!("/api/v1/security/keys/{gone}")).send().unwrap();
    assert_eq!(missing.status(), 404);
    let audit = owned.get("/api/v1/security/audit?limit=100");
    let actions: Vec<&str> =
        audit["items"].as_array().unwrap().iter().map(|e| e["action"].as_str().unwrap()).collect();
    for action in ["key.create", "key.sign", "key.delete"] {
        assert!(actions.contains(&action), "{actions:?}");
    }
    let signed = audit["items"].as_array().unwrap().iter().find(|e| e["action"] == "key.sign").unwrap();
    assert!(signed["actor"].as_str().unwrap().contains("ada") && signed["outcome"] == "ok", "{signed}");
    assert_eq!(owned.get("/api/v1/security/audit/verification")["intact"], true);
}

#[test]
fn the_same_idempotency_key_makes_one_key() {
    let owned = Box::start(&[]).claimed();
    let make = |label: &str| {
        let new = json!({"algorithm": "p256", "label": label});
        owned
            .request("POST", "/api/v1/security/keys")
            .header("idempotency-key", "once")
            .json(&new)
            .send()
            .unwrap()
    };
    let first: Value = make("mine").json().unwrap();
    let second: Value = make("mine").json().unwrap();
    assert_eq!(first["id"], second["id"]);
    assert_eq!(make("other").status(), 422);
    assert_eq!(owned.get("/api/v1/security/keys")["items"].as_array().unwrap().len(), 1);
}

#[test]
fn the_pin_is_nowhere_in_clear() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("box");
    let mut owned = Box::start_in(&data, |c| {
        c.arg("--no-bitcoin");
    })
    .claimed();
    exercise(&owned, "softhsm", "p256");
    let pin = std::fs::read_to_string(data.join("secrets/softhsm-pin")).unwrap();
    let pin = pin.trim();
    assert!(pin.len() >= 16);
    let process = owned.process();
    let told = [format!("/proc/{process}/cmdline"), format!("/proc/{process}/environ")]
        .map(|p| std::fs::read(p).unwrap());
    owned.stop();
    let contains = |bytes: &[u8]| bytes.windows(pin.len()).any(|window| window == pin.as_bytes());
    assert!(!told.iter().any(|bytes| contains(bytes)), "not in arguments or environment");
    assert!(!owned.log().contains(pin), "not in the log");
    for file in
        std::fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file())
    {
        assert!(!contains(&std::fs::read(&file).unwrap()), "not in {}", file.display());
    }
}
