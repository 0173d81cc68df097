//! What goes wrong, told in one line.

use std::net::TcpListener;

use serde_json::json;

use crate::double::Double;
use crate::terminal::Terminal;

#[test]
fn a_refusal_names_the_field_and_what_to_do() {
    let double = Double::start();
    double.problem(
        "POST /api/v1/security/keys",
        400,
        &json!({ "title": "The request is not valid", "status": 400, "detail": "A field is wrong.",
            "next": "Correct it.", "request_id": "r-7",
            "errors": [{ "field": "label", "reason": "is 300 characters long; at most 64 are allowed" }] }),
    );
    let told = Terminal::new().at(&double, &["keys", "create", "x"]).failed();
    assert_eq!(
        told.trim_end(),
        "anya: The request is not valid: A field is wrong. `label` is 300 characters long; at most 64 are \
         allowed. Correct it. (request r-7)"
    );
}

#[test]
fn a_box_that_is_not_running_is_told_with_the_cure() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let terminal = Terminal::new();
    let ca = terminal.file("ca.crt", &Double::start().ca_pem);
    let url = format!("https://localhost:{port}");
    let told = terminal.run(&["status", "--url", &url, "--ca-file", ca.to_str().unwrap()]).failed();
    assert!(told.contains("Connection refused") && told.contains("make run"), "{told}");
}

#[test]
fn a_box_with_another_certificate_is_not_trusted() {
    let (double, other, terminal) = (Double::start(), Double::start(), Terminal::new());
    let ca = terminal.file("other.crt", &other.ca_pem);
    let told = terminal.run(&["status", "--url", &double.url, "--ca-file", ca.to_str().unwrap()]).failed();
    assert!(told.contains("not of the box that this computer knows"), "{told}");
    assert!(double.requests().is_empty());
}

#[test]
fn wrong_usage_has_a_status_of_its_own() {
    let terminal = Terminal::new();
    assert_eq!(terminal.run(&["keys", "sign", "abc"]).status, 2);
    assert_eq!(terminal.run(&["nonsense"]).status, 2);
    let told = terminal.run(&["status", "--ca-file", "/nowhere/ca.crt"]).failed();
    assert!(told.contains("cannot read /nowhere/ca.crt"), "{told}");
}

#[test]
fn an_id_cannot_lead_elsewhere() {
    let double = Double::start();
    let told = Terminal::new().at(&double, &["keys", "delete", "../../access/session"]).failed();
    assert!(told.contains("not a key's id"), "{told}");
    assert!(double.requests().is_empty());
}

#[test]
fn an_answer_of_something_else_is_not_taken_for_a_box() {
    let double = Double::start();
    double.answer("GET /api/v1/security/tokens", 502, "text/html", "<h1>Bad gateway</h1>");
    let told = Terminal::new().at(&double, &["tokens"]).failed();
    assert!(told.contains("502") && told.contains("is the address right?"), "{told}");
}
