//! Trust comes from the console: claiming, signing in, signing out.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{Value, json};

use crate::double::Double;
use crate::terminal::{Ended, Terminal};

const SESSION: &str = "POST /api/v1/access/session";

fn owned() -> Double {
    let double = Double::start();
    let user = json!({ "id": "u1", "username": "ada", "role": "administrator" });
    double.json("GET /api/v1/access/claim", 200, &json!({ "claimed": true }));
    double.json(SESSION, 201, &json!({ "user": user }));
    double.json("GET /api/v1/access/session", 200, &json!({ "user": user, "via": "session" }));
    double.json("DELETE /api/v1/access/session", 204, &Value::Null);
    double.json(
        "POST /api/v1/access/api-keys",
        201,
        &json!({ "id": "k1", "label": "desk", "prefix": "anya_se", "secret": "anya_secret" }),
    );
    double.json("DELETE /api/v1/access/api-keys/k1", 204, &Value::Null);
    double.json("GET /api/v1/security/tokens", 200, &json!({ "items": [], "next_cursor": null }));
    double
}

fn login(terminal: &Terminal, double: &Double, fingerprint: &[&str]) -> Ended {
    let mut arguments =
        vec!["login", "--url", &double.url, "--username", "ada", "--password-stdin", "--label", "desk"];
    arguments.extend(fingerprint);
    terminal.run_with(&arguments, "correct horse\n", &[])
}

#[test]
fn a_compared_box_is_remembered_and_forgotten() {
    let (double, terminal) = (owned(), Terminal::new());
    let told = login(&terminal, &double, &["--ca-fingerprint", &double.fingerprint]).done();
    assert!(told.contains("as ada") && !told.contains("anya_secret"), "{told}");
    let body = double.request(SESSION).body;
    assert_eq!(body, json!({ "username": "ada", "password": "correct horse" }));
    assert_eq!(double.request("POST /api/v1/access/api-keys").headers["cookie"], "__Host-anya_session=s");
    assert_eq!(terminal.profile().metadata().unwrap().permissions().mode() & 0o777, 0o600);

    assert!(terminal.run(&["tokens"]).done().contains("no tokens"));
    assert_eq!(double.request("GET /api/v1/security/tokens").headers["authorization"], "Bearer anya_secret");

    terminal.run(&["logout"]).done();
    assert_eq!(
        double.request("DELETE /api/v1/access/api-keys/k1").headers["authorization"],
        "Bearer anya_secret"
    );
    assert!(!terminal.profile().exists());
    assert!(terminal.run(&["logout"]).failed().contains("not signed in"));
}

#[test]
fn nothing_secret_is_sent_before_somebody_compared() {
    let (double, terminal) = (owned(), Terminal::new());
    let wrong = "00".repeat(32);
    for (fingerprint, told) in
        [(vec!["--ca-fingerprint", &wrong], "not the one given"), (vec![], "nobody is here")]
    {
        assert!(login(&terminal, &double, &fingerprint).failed().contains(told));
    }
    assert!(double.requests().iter().all(|request| request.line == "GET /ca.crt"));
    assert!(!terminal.profile().exists());
}

#[test]
fn an_unknown_box_is_not_asked_anything() {
    let (double, terminal) = (owned(), Terminal::new());
    let told = terminal.run(&["tokens", "--url", &double.url]).failed();
    assert!(told.contains("does not know the box") && told.contains("anya login"), "{told}");
    assert!(double.requests().is_empty());
}

#[test]
fn the_api_key_of_one_box_is_not_shown_to_another() {
    let (double, other, terminal) = (owned(), owned(), Terminal::new());
    login(&terminal, &double, &["--ca-fingerprint", &double.fingerprint]).done();
    let ca = terminal.file("other.crt", &other.ca_pem);
    terminal.run(&["tokens", "--url", &other.url, "--ca-file", ca.to_str().unwrap()]).done();
    assert!(!other.request("GET /api/v1/security/tokens").headers.contains_key("authorization"));
}

#[test]
fn claiming_sends_the_code_once_and_signs_in() {
    let (double, terminal) = (owned(), Terminal::new());
    let claim = ["claim", "--code", "ABCD-EFGH", "--username", "ada", "--password-stdin"];
    let ca = terminal.file("ca.crt", &double.ca_pem);
    let run = || {
        let settings = [("ANYA_URL", Path::new(&double.url)), ("ANYA_CA_FILE", &ca)];
        terminal.run_with(&claim, "correct horse\n", &settings)
    };
    assert!(run().failed().contains("anya login"), "a box with an owner is not claimed");
    double.json("GET /api/v1/access/claim", 200, &json!({ "claimed": false }));
    double.json("POST /api/v1/access/claim", 201, &json!({}));
    run().done();
    assert_eq!(
        double.request("POST /api/v1/access/claim").body,
        json!({ "code": "ABCD-EFGH", "username": "ada", "password": "correct horse" })
    );
    assert!(terminal.profile().exists());
}
