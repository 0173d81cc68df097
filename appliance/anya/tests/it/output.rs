//! Tables for people, JSON for programs.

use serde_json::{Value, json};

use crate::double::Double;
use crate::terminal::Terminal;

fn keys() -> Value {
    json!({ "items": [{
        "id": "0199d9a052a27d0c9c3e6a2f0f1d7b11", "label": "release", "algorithm": "p256", "token": "softhsm",
        "created_at": "2026-11-21T09:00:00Z", "created_by": "ada", "schemes": ["ecdsa_sha256"],
        "public_key": { "pem": "-----BEGIN PUBLIC KEY-----\nMFk\n-----END PUBLIC KEY-----\n", "jwk": {} }
    }], "next_cursor": "more" })
}

#[test]
fn people_get_a_table_and_programs_the_apis_own_json() {
    let double = Double::start();
    double.json("GET /api/v1/security/keys?limit=50", 200, &keys());
    let terminal = Terminal::new();
    let table = terminal.at(&double, &["keys", "list"]).done();
    assert!(table.lines().next().unwrap().split_whitespace().eq([
        "ID",
        "LABEL",
        "ALGORITHM",
        "TOKEN",
        "BY",
        "CREATED"
    ]));
    assert!(table.contains("release") && table.contains("2026-11-21 09:00:00"), "{table}");
    assert!(table.ends_with("anya keys list --cursor more\n"), "{table}");
    assert_eq!(terminal.at(&double, &["--json", "keys", "list"]).json(), keys());
    let request = double.request("GET /api/v1/security/keys?limit=50");
    assert_eq!(request.headers["authorization"], "Bearer anya_of-the-script");
}

#[test]
fn a_signature_that_is_not_valid_is_an_exit_status() {
    let double = Double::start();
    double.json("POST /api/v1/security/keys/ab12/verify", 200, &json!({ "valid": false }));
    let ended =
        Terminal::new().at(&double, &["keys", "verify", "ab12", "--message", "hello", "--signature", "AAAA"]);
    assert_eq!((ended.status, ended.out.as_str(), ended.err.as_str()), (1, "not valid\n", ""));
    let body = double.request("POST /api/v1/security/keys/ab12/verify").body;
    assert_eq!(body, json!({ "message": "aGVsbG8=", "signature": "AAAA" }));
}

#[test]
fn a_box_that_is_not_ready_is_shown_and_an_exit_status() {
    let double = Double::start();
    let part = json!({ "name": "store", "state": "failed", "required": true, "detail": "the disk is full" });
    double.json("GET /readyz", 503, &json!({ "status": "not_ready", "components": [part] }));
    let board = json!({ "hostname": "desk", "processor": "CPU", "cores": 2, "load_1min": 0.5,
        "memory_total_bytes": 2_147_483_648_u64, "memory_available_bytes": 1_073_741_824_u64,
        "service_resident_bytes": 41_943_040, "uptime_seconds": 9,
        "data_disk": { "path": "/data", "total_bytes": 1, "available_bytes": 0 },
        "temperatures": [{ "sensor": "x86_pkg_temp", "celsius": 48.5 }] });
    double.json(
        "GET /api/v1/system",
        200,
        &json!({ "name": "Anya Box", "version": "0.1.0", "hostname": "desk", "started_at": "2026-11-21T09:00:00Z",
            "uptime_seconds": 90, "profile": "developer", "board": board, "address": double.url }),
    );
    let ended = Terminal::new().at(&double, &["status"]);
    assert_eq!(ended.status, 1);
    for told in
        ["Anya Box 0.1.0, not ready", "1 min 30 s", "1.0 GiB free of 2.0 GiB", "40.0 MiB", "the disk is full"]
    {
        assert!(ended.out.contains(told), "{told}: {}", ended.out);
    }
}

fn chunk(text: &str) -> String {
    format!("data: {}\n\n", json!({ "choices": [{ "index": 0, "delta": { "content": text } }] }))
}

#[test]
fn an_answer_is_shown_as_it_is_streamed() {
    let double = Double::start();
    let stream = format!("{}{}data: [DONE]\n\n", chunk("Good "), chunk("day."));
    double.answer("POST /v1/chat/completions", 200, "text/event-stream", &stream);
    let shown =
        Terminal::new().at(&double, &["chat", "Hello", "--system", "Be kind", "--max-tokens", "9"]).done();
    assert_eq!(shown, "Good day.\n");
    let body = double.request("POST /v1/chat/completions").body;
    assert_eq!(
        (&body["stream"], &body["max_tokens"], &body["messages"][0]["role"]),
        (&json!(true), &json!(9), &json!("system"))
    );
}

#[test]
fn an_answer_that_breaks_off_is_an_error_after_what_there_was() {
    let double = Double::start();
    double.answer("POST /v1/chat/completions", 200, "text/event-stream", &chunk("Good "));
    let ended = Terminal::new().at(&double, &["chat", "Hello"]);
    assert_eq!((ended.status, ended.out.as_str()), (1, "Good "));
    assert!(ended.err.contains("ended too early"), "{ended:?}");
}
