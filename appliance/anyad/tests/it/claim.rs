//! Taking a new box into possession.

use serde_json::{Value, json};

use crate::boxed::{Box, PASSWORD, client};

#[test]
fn only_the_code_on_the_console_makes_an_administrator() {
    let fresh = Box::start(&[]);
    let state = fresh.get("/api/v1/access/claim");
    assert_eq!(state["claimed"], false);
    // The page shows the same fingerprint as the console, in words and in pairs.
    let words: Vec<_> =
        state["certificate"]["words"].as_array().unwrap().iter().map(|w| w.as_str().unwrap()).collect();
    assert_eq!(fresh.labelled("Certificate").unwrap(), words.join(" "));
    let sha256 = state["certificate"]["sha256"].as_str().unwrap();
    assert!(fresh.banner.iter().any(|line| line.contains(sha256)));

    let claim = |code: &str| json!({"code": code, "username": "mallory", "password": PASSWORD});
    let wrong = fresh.post("/api/v1/access/claim", &claim("0000-0000"), 403);
    assert_eq!(wrong["type"], "urn:anya:problem:wrong-claim-code");
    let code = fresh.labelled("Claim code").unwrap();
    assert!(!fresh.log().contains(&code), "the code is on the console only");

    let owned = fresh.claimed();
    let again = owned.post("/api/v1/access/claim", &claim(&code), 409);
    assert_eq!(again["type"], "urn:anya:problem:already-claimed");
    assert_eq!(owned.get("/api/v1/access/session")["user"]["username"], "ada");
}

#[test]
fn guessing_the_code_is_stopped_after_five_tries() {
    let fresh = Box::start(&[]);
    let guess = json!({"code": "0000-0000", "username": "mallory", "password": PASSWORD});
    for _ in 0..5 {
        fresh.post("/api/v1/access/claim", &guess, 403);
    }
    let limited = fresh.request("POST", "/api/v1/access/claim").json(&guess).send().unwrap();
    assert_eq!(limited.status(), 429);
    assert!(limited.headers().contains_key("retry-after"));
    // The right code has to wait too: else the limit would tell which guess was right.
    let right =
        json!({"code": fresh.labelled("Claim code").unwrap(), "username": "ada", "password": PASSWORD});
    fresh.post("/api/v1/access/claim", &right, 429);
}

#[test]
fn nothing_else_answers_without_signing_in() {
    let owned = Box::start(&[]).claimed();
    let document = owned.get("/api/openapi.json");
    let stranger = client(&owned.data);
    let public = [
        "/api/v1/system/fault",
        "/healthz",
        "/readyz",
        "/ca.crt",
        "/api/v1/access/claim",
        "/api/v1/access/session",
    ];
    let mut asked = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        if public.contains(&path.as_str()) {
            continue;
        }
        for method in methods.as_object().unwrap().keys().filter(|key| *key != "parameters") {
            let path = path.replace("{id}", "00000000000000000000000000000000");
            let request = stranger.request(method.to_uppercase().parse().unwrap(), owned.at(&path));
            let response = request.send().unwrap();
            assert_eq!(response.status(), 401, "{method} {path}");
            assert_eq!(response.headers()["content-type"], "application/problem+json");
            let problem: Value = response.json().unwrap();
            assert!(problem["request_id"].is_string() && problem["next"].is_string(), "{problem}");
            asked += 1;
        }
    }
    assert!(asked > 15, "the document lists {asked} operations only");
}
