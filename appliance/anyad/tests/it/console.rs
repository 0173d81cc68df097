//! What who stands in front of the box sees.

use std::path::Path;
use std::time::Instant;

use serde_json::json;

use crate::boxed::{Box, PASSWORD, PATIENCE, client};

/// Waits for this text on the serial line.
fn shown(serial: &Path, wanted: &str) -> String {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let text = std::fs::read_to_string(serial).unwrap();
        if text.contains(wanted) {
            return text;
        }
        assert!(Instant::now() < deadline, "no `{wanted}` in:\n{text}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

#[test]
fn every_console_shows_the_box_and_one_that_is_missing_does_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let serial = folder.path().join("ttyS0");
    std::fs::write(&serial, "").unwrap();
    let paths = json!(["/nonexistent/tty1", serial, "-"]).to_string();
    let started = Box::start_in(&folder.path().join("box"), |command| {
        command.arg("--no-bitcoin").env("ANYAD_CONSOLE__PATHS", &paths);
    });
    let code = started.labelled("Claim code").unwrap();
    let text = shown(&serial, "  Node:");
    assert!(text.contains(&format!("Claim code:   {code}\n")), "{text}");
    assert!(text.contains("  Health:       "), "{text}");
    assert!(!text.contains('\x1b'), "a serial line gets no escape codes");

    let body = json!({"code": code, "username": "ada", "password": PASSWORD});
    let claimed = started.request("POST", "/api/v1/access/claim").json(&body).send().unwrap();
    assert_eq!(claimed.status(), 201);
    shown(&serial, "  Claimed by:   ada\n");
}

#[test]
fn a_box_that_follows_its_network_shows_and_certifies_its_addresses() {
    let folder = tempfile::tempdir().unwrap();
    let serial = folder.path().join("ttyS0");
    std::fs::write(&serial, "").unwrap();
    let paths = json!([serial, "-"]).to_string();
    let data = folder.path().join("box");
    let started = Box::start_in(&data, |command| {
        command
            .arg("--no-bitcoin")
            .env("ANYAD_HTTP__FOLLOW_NETWORK", "true")
            .env("ANYAD_CONSOLE__PATHS", &paths);
    });
    let text = shown(&serial, "  Node:");
    // The certificate is good for the name too, and the test listens on loopback only.
    let port = started.url.rsplit(':').next().unwrap();
    let claim: serde_json::Value = client(&data)
        .get(format!("https://localhost:{port}/api/v1/access/claim"))
        .send()
        .unwrap()
        .json()
        .unwrap();
    let sha256 = claim["certificate"]["sha256"].as_str().unwrap();
    assert!(text.contains(sha256), "the console shows the certificate that is served: {text}");
}
