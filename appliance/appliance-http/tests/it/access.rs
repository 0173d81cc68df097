//! Owning the box, signing in and out, API keys.

use std::sync::Arc;

use appliance_core::node::Chain;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::json;

use crate::doubles::{TestBoard, TestChat, TestNode};
use crate::harness::{TestBox, post, send, services};

#[tokio::test]
async fn only_the_claim_code_makes_an_owner_and_only_once() {
    let services =
        services(TestChat::allowed(0), Arc::new(TestBoard), Arc::new(TestNode::on(Chain::Regtest)));
    let router = appliance_http::router(services.clone());
    let state = send(&router, Request::get("/api/v1/access/claim").body(Body::empty()).unwrap()).await.json();
    assert_eq!(state["claimed"], false);
    assert_eq!(state["tries_left"], 5);
    assert!(state["retry_after_seconds"].is_null());
    assert_eq!(
        state["certificate"],
        json!({"sha256": "AB:CD", "words": ["six", "words"], "ca_sha256": "EF:01"})
    );

    let code = services.access.current_claim_code().unwrap();
    let claim = |code: &str, password: &str| {
        post("/api/v1/access/claim", &json!({"code": code, "username": "ada", "password": password}))
    };
    let wrong = if code.starts_with('0') { "1000-0000" } else { "0000-0000" };
    send(&router, claim(wrong, "correct horse battery")).await.assert_problem(
        403,
        "wrong-claim-code",
        "",
        "4 tries",
    );
    send(&router, claim("nonsense!", "correct horse battery")).await.assert_problem(
        400,
        "invalid-request",
        "code",
        "",
    );
    send(&router, claim(&code, "x")).await.assert_problem(400, "invalid-request", "password", "");

    let claimed = send(&router, claim(&code, "correct horse battery")).await;
    assert_eq!(claimed.status, StatusCode::CREATED);
    assert_eq!(claimed.json()["user"]["role"], "administrator");
    let cookie = claimed.headers[header::SET_COOKIE].to_str().unwrap();
    for part in
        ["__Host-anya_session=", "; Path=/", "; Secure", "; HttpOnly", "; SameSite=Strict", "; Max-Age="]
    {
        assert!(cookie.contains(part), "{part} is not in {cookie}");
    }
    send(&router, claim(&code, "correct horse battery")).await.assert_problem(409, "already-claimed", "", "");
    let state = send(&router, Request::get("/api/v1/access/claim").body(Body::empty()).unwrap()).await.json();
    assert_eq!(state["claimed"], true);
}

#[tokio::test]
async fn guessing_the_claim_code_is_slowed() {
    let services =
        services(TestChat::allowed(0), Arc::new(TestBoard), Arc::new(TestNode::on(Chain::Regtest)));
    let router = appliance_http::router(services.clone());
    let wrong = if services.access.current_claim_code().unwrap().starts_with('0') {
        "1000-0000"
    } else {
        "0000-0000"
    };
    let claim = || {
        post(
            "/api/v1/access/claim",
            &json!({"code": wrong, "username": "eve", "password": "correct horse battery"}),
        )
    };
    for _ in 0..5 {
        assert_eq!(send(&router, claim()).await.status, StatusCode::FORBIDDEN);
    }
    let paused = send(&router, claim()).await;
    paused.assert_problem(429, "too-many-attempts", "", "seconds");
    assert_eq!(paused.headers[header::RETRY_AFTER], "30");
}

#[tokio::test]
async fn a_session_opens_and_ends() {
    let test = TestBox::new().await;
    let wrong =
        post("/api/v1/access/session", &json!({"username": "ada", "password": "wrong horse battery"}));
    let wrong = test.send(wrong).await;
    wrong.assert_problem(401, "wrong-credentials", "", "");
    let right =
        post("/api/v1/access/session", &json!({"username": "ada", "password": "correct horse battery"}));
    let opened = test.send(right).await;
    assert_eq!(opened.status, StatusCode::CREATED);
    let cookie = opened.headers[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    let with_cookie = |method: &str| {
        let request =
            Request::builder().method(method).uri("/api/v1/access/session").header(header::COOKIE, &cookie);
        test.send(request.body(Body::empty()).unwrap())
    };
    let session = with_cookie("GET").await.json();
    assert_eq!((&session["via"], &session["user"]["username"]), (&json!("session"), &json!("ada")));
    let ended = with_cookie("DELETE").await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT);
    assert!(ended.headers[header::SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));
    with_cookie("GET").await.assert_problem(401, "unauthorized", "", "session has ended");
}

#[tokio::test]
async fn api_keys_are_shown_once_and_end() {
    let test = TestBox::new().await;
    let session = test.get("/api/v1/access/session").await.json();
    assert_eq!((&session["via"], &session["expires_at"]), (&json!("api_key"), &json!(null)));
    test.delete("/api/v1/access/session").await.assert_problem(
        400,
        "invalid-request",
        "Authorization",
        "API key",
    );

    let created =
        test.post("/api/v1/access/api-keys", &json!({"label": "laptop", "expires_in_days": 30})).await;
    assert_eq!(created.status, StatusCode::CREATED);
    let created = created.json();
    let (id, secret) = (created["id"].as_str().unwrap(), created["secret"].as_str().unwrap());
    assert!(secret.starts_with(created["prefix"].as_str().unwrap()) && secret.starts_with("anya_"));
    let list = test.get("/api/v1/access/api-keys").await;
    assert_eq!(list.json()["items"].as_array().unwrap().len(), 2);
    assert!(!list.text().contains(secret), "{}", list.text());

    let with_new = || {
        let request =
            Request::get("/api/v1/system").header(header::AUTHORIZATION, format!("bearer {secret}"));
        test.send(request.body(Body::empty()).unwrap())
    };
    assert_eq!(with_new().await.status, StatusCode::OK);
    assert_eq!(test.delete(&format!("/api/v1/access/api-keys/{id}")).await.status, StatusCode::NO_CONTENT);
    with_new().await.assert_problem(401, "unauthorized", "", "");
    test.delete(&format!("/api/v1/access/api-keys/{id}")).await.assert_problem(404, "not-found", "", "");
}
