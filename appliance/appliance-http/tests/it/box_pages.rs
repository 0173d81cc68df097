//! The box, its node, its models, its health, its web page.

use appliance_core::health::{Component, ComponentState};
use appliance_core::node::Chain;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::json;

use crate::harness::{TestBox, with_chain};

#[tokio::test]
async fn the_box_says_what_it_is() {
    let test = TestBox::new().await;
    let system = test.get("/api/v1/system").await.json();
    assert_eq!((&system["name"], &system["profile"]), (&json!("Anya Box"), &json!("developer")));
    assert_eq!((&system["hostname"], &system["board"]["cores"]), (&json!("box"), &json!(2)));
    let devices = test.get("/api/v1/ml/devices").await.json();
    assert_eq!(
        (&devices["items"][0]["kind"], &devices["items"][0]["name"]),
        (&json!("cpu"), &json!("Test Processor"))
    );
    assert_eq!(
        (&devices["items"][1]["kind"], &devices["items"][1]["software"]),
        (&json!("software"), &json!(true))
    );
    assert_eq!((&devices["state"], &devices["detail"]), (&json!("ready"), &json!(null)));
    let models = test.get("/api/v1/ml/models").await.json();
    assert_eq!(models["items"][0]["state"], json!({"state": "ready"}));
    assert_eq!(
        (&models["items"][0]["dimensions"], &models["items"][1]["dimensions"]),
        (&json!(384), &json!(null))
    );
    let logs = test.get("/api/v1/system/logs?limit=7&level=warn").await.json();
    assert_eq!((&logs["items"][0]["message"], &logs["source"]), (&json!("7 Warn"), &json!("memory")));
}

#[tokio::test]
async fn blocks_are_made_on_regtest_only() {
    let test = with_chain(Chain::Regtest).await;
    let made = test.post("/api/v1/bitcoin/regtest/blocks", &json!({"count": 2})).await;
    assert_eq!(made.status, StatusCode::CREATED);
    assert_eq!(made.json()["height"], 2);
    let status = test.get("/api/v1/bitcoin/status").await.json();
    assert_eq!((&status["chain"], &status["blocks"]), (&json!("regtest"), &json!(2)));
    assert_eq!(status["rules"], json!({"verdict": "bitcoin", "reason": null}));

    let test = with_chain(Chain::Main).await;
    test.post("/api/v1/bitcoin/regtest/blocks", &json!({"count": 2}))
        .await
        .assert_problem(409, "conflict", "", "main");
}

#[tokio::test]
async fn the_owner_decides_whether_other_nodes_may_call_and_the_decision_is_noted() {
    const SETTINGS: &str = "/api/v1/bitcoin/settings";
    let test = with_chain(Chain::Main).await;
    assert_eq!(test.get(SETTINGS).await.json(), json!({"accepts_peers": false}));
    let changed = test.put(SETTINGS, &json!({"accepts_peers": true})).await;
    assert_eq!((changed.status, changed.json()), (StatusCode::OK, json!({"accepts_peers": true})));
    assert_eq!(test.get(SETTINGS).await.json(), json!({"accepts_peers": true}));
    let entry = test.get("/api/v1/security/audit?limit=1").await.json()["items"][0].clone();
    assert_eq!((&entry["action"], &entry["outcome"]), (&json!("node.settings"), &json!("ok")));
    assert_eq!(entry["detail"]["accepts_peers"], "yes");
    let wrong = test.put(SETTINGS, &json!({"accepts_peers": "yes"})).await;
    wrong.assert_problem(400, "invalid-request", "accepts_peers", "is a text");
}

#[tokio::test]
async fn readiness_follows_the_required_parts() {
    let test = TestBox::new().await;
    let report = |name: &str, state, required| {
        test.health().report(Component { name: name.into(), state, required, detail: "why".into() });
    };
    report("bitcoin", ComponentState::Starting, false);
    let ready = test.get("/readyz").await;
    assert_eq!((ready.status, &ready.json()["status"]), (StatusCode::OK, &json!("degraded")));
    report("token:softhsm", ComponentState::Failed, true);
    let ready = test.get("/readyz").await;
    assert_eq!(
        (ready.status, &ready.json()["status"]),
        (StatusCode::SERVICE_UNAVAILABLE, &json!("not_ready"))
    );
    assert_eq!(
        ready.json()["components"][2],
        json!({"name": "token:softhsm", "state": "failed", "required": true, "detail": "why"})
    );
}

#[tokio::test]
async fn the_document_and_the_authority_are_served() {
    let test = TestBox::new().await;
    let document = test.get("/api/openapi.json").await.json();
    assert_eq!(document, serde_json::to_value(appliance_http::openapi()).unwrap());
    let authority = test.send(Request::get("/ca.crt").body(Body::empty()).unwrap()).await;
    assert!(authority.text().starts_with("-----BEGIN CERTIFICATE-----"));
}

#[tokio::test]
async fn the_page_answers_for_its_own_addresses_only() {
    let test = TestBox::new().await;
    let get = |path: &str| test.send(Request::get(path).body(Body::empty()).unwrap());
    let page = get("/").await;
    assert_eq!(
        (page.status, &page.headers[header::CONTENT_TYPE]),
        (StatusCode::OK, &"text/html; charset=utf-8".parse().unwrap())
    );
    assert_eq!(get("/chat").await.body, page.body);
    for path in ["/nothing", "/assets/missing.js", "/../Cargo.toml", "/index.php"] {
        get(path).await.assert_problem(404, "not-found", "", "");
    }
    let lost = Request::get("/nothing").header(header::ACCEPT, "text/html,application/xhtml+xml,*/*;q=0.8");
    let lost = test.send(lost.body(Body::empty()).unwrap()).await;
    assert_eq!((lost.status, &lost.body), (StatusCode::NOT_FOUND, &page.body), "a person is led back");
    let known = Request::get("/").header(header::IF_NONE_MATCH, &page.headers[header::ETAG]);
    assert_eq!(test.send(known.body(Body::empty()).unwrap()).await.status, StatusCode::NOT_MODIFIED);
    let posted = test.send(Request::post("/").body(Body::empty()).unwrap()).await;
    posted.assert_problem(405, "method-not-allowed", "", "");
}
