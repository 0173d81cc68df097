//! Tokens, keys, signatures, the audit log.

use axum::http::{StatusCode, header};
use serde_json::{Value, json};

use crate::harness::TestBox;

const KEYS: &str = "/api/v1/security/keys";

#[tokio::test]
async fn tokens_say_what_they_can_do() {
    let test = TestBox::new().await;
    test.create_key("p256").await;
    let tokens = test.get("/api/v1/security/tokens").await.json();
    assert_eq!(
        tokens["items"][0],
        json!({"name": "software", "kind": "simulator", "label": "software", "manufacturer": "test", "model": "double",
            "serial": "1", "firmware": "1.0", "mechanisms": ["CKM_ECDSA"],
            "algorithms": [{"algorithm": "p256", "schemes": ["ecdsa_sha256"]}],
            "seals": false, "attests": false, "state": "ready", "health": {"state": "healthy"}, "pin_tries": "untold",
            "keys": 1})
    );
}

#[tokio::test]
async fn a_token_is_unlocked_with_its_pin() {
    let test = TestBox::new().await;
    let unlock = async |token: &str, pin: &str| {
        test.post(&format!("/api/v1/security/tokens/{token}/login"), &json!({"pin": pin})).await
    };
    assert_eq!(unlock("software", "1234").await.status, StatusCode::NO_CONTENT);
    let wrong = unlock("software", "4321").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(wrong.json()["type"], "urn:anya:problem:wrong-pin");
    assert!(!wrong.text().contains("4321"));
    let locked = unlock("software", "locked").await;
    assert_eq!(locked.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(locked.json()["type"], "urn:anya:problem:token-locked");
    assert!(locked.text().contains("locked after too many wrong PINs"), "{}", locked.text());
    let unknown = unlock("other", "1234").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND, "{}", unknown.text());
    assert!(unknown.text().contains("other"), "{}", unknown.text());
}

#[tokio::test]
async fn a_key_lives_signs_and_dies() {
    let test = TestBox::new().await;
    let created = test.post(KEYS, &json!({"algorithm": "p256", "label": " signing "})).await;
    assert_eq!(created.status, StatusCode::CREATED, "{}", created.text());
    let key = created.json();
    let address = format!("{KEYS}/{}", key["id"].as_str().unwrap());
    assert_eq!(created.headers[header::LOCATION], address.as_str());
    assert_eq!((&key["label"], &key["created_by"]), (&json!("signing"), &json!("ada")));
    assert!(key["public_key"]["pem"].as_str().unwrap().starts_with("-----BEGIN PUBLIC KEY-----"));
    assert_eq!(
        (&key["public_key"]["jwk"]["crv"], &key["public_key"]["jwk"]["kid"]),
        (&json!("P-256"), &key["id"])
    );
    assert_eq!(test.get(&address).await.json(), key);

    for encoding in ["der", "raw"] {
        let request = json!({"message": "aGVsbG8=", "encoding": encoding});
        let signed = test.post(&format!("{address}/sign"), &request).await.json();
        assert_eq!((&signed["encoding"], &signed["scheme"]), (&json!(encoding), &json!("ecdsa_sha256")));
        let verify = |message: &str| json!({"message": message, "signature": signed["signature"], "encoding": encoding});
        let address = format!("{address}/verify");
        assert_eq!(test.post(&address, &verify("aGVsbG8=")).await.json(), json!({"valid": true}));
        assert_eq!(test.post(&address, &verify("aGVsbG9v")).await.json(), json!({"valid": false}));
    }
    assert_eq!(test.delete(&address).await.status, StatusCode::NO_CONTENT);
    test.get(&address).await.assert_problem(404, "not-found", "", "");
    test.delete(&address).await.assert_problem(404, "not-found", "", "");
}

#[tokio::test]
async fn keys_come_in_pages() {
    let test = TestBox::new().await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(test.create_key("p256").await);
    }
    let mut seen = Vec::new();
    let mut address = format!("{KEYS}?limit=2&token=software");
    loop {
        let page = test.get(&address).await.json();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 2);
        seen.extend(items.iter().map(|key| key["id"].as_str().unwrap().to_owned()));
        match &page["next_cursor"] {
            Value::String(cursor) => address = format!("{KEYS}?limit=2&cursor={cursor}"),
            _ => break,
        }
    }
    made.sort();
    assert_eq!(seen, made);
    test.get(&format!("{KEYS}?token=nowhere")).await.assert_problem(
        400,
        "invalid-request",
        "token",
        "`software`",
    );
}

#[tokio::test]
async fn what_the_token_cannot_do_is_refused_by_name() {
    let test = TestBox::new().await;
    let answer = test.post(KEYS, &json!({"algorithm": "ed25519", "label": "x"})).await;
    answer.assert_problem(400, "unsupported", "algorithm", "");
}

#[tokio::test]
async fn a_repeated_request_is_done_once() {
    let test = TestBox::new().await;
    let send = |key: &str, label: &str| {
        let mut request = test.post_request(KEYS, &json!({"algorithm": "p256", "label": label}));
        request.headers_mut().insert("idempotency-key", key.parse().unwrap());
        test.send(request)
    };
    let first = send("once-1", "a").await;
    let again = send("once-1", "a").await;
    assert_eq!(first.status, StatusCode::CREATED);
    assert_eq!((first.json(), first.status), (again.json(), again.status));
    assert_eq!(first.headers[header::LOCATION], again.headers[header::LOCATION]);
    assert_ne!(first.headers["x-request-id"], again.headers["x-request-id"]);
    assert_eq!(test.get(KEYS).await.json()["items"].as_array().unwrap().len(), 1);
    send("once-1", "b").await.assert_problem(422, "idempotency-key-reused", "", "");

    send("once-2", "").await.assert_problem(400, "invalid-request", "label", "is empty");
    assert_eq!(send("once-2", "").await.status, StatusCode::BAD_REQUEST, "a failure is not kept");
    send("two words", "a").await.assert_problem(400, "invalid-request", "Idempotency-Key", "128");
    send(&"x".repeat(129), "a").await.assert_problem(400, "invalid-request", "Idempotency-Key", "128");
}

#[tokio::test]
async fn what_was_done_is_in_the_audit_log_with_its_request() {
    let test = TestBox::new().await;
    let mut request = test.post_request(KEYS, &json!({"algorithm": "p256", "label": "x"}));
    request.headers_mut().insert("x-request-id", "audit-me".parse().unwrap());
    assert_eq!(test.send(request).await.status, StatusCode::CREATED);
    let page = test.get("/api/v1/security/audit?limit=1").await.json();
    let entry = &page["items"][0];
    assert_eq!((&entry["action"], &entry["outcome"]), (&json!("key.create"), &json!("ok")));
    assert_eq!((&entry["actor"], &entry["request_id"]), (&json!("api_key:tests@ada"), &json!("audit-me")));
    assert_eq!(entry["hash"].as_str().unwrap().len(), 64);
    let cursor = page["next_cursor"].as_str().unwrap();
    let older = test.get(&format!("/api/v1/security/audit?limit=1&cursor={cursor}")).await.json();
    assert_eq!(older["items"][0]["hash"], entry["previous_hash"]);

    let verdict = test.get("/api/v1/security/audit/verification").await.json();
    assert_eq!((&verdict["intact"], &verdict["head"]), (&json!(true), &entry["hash"]));
    assert_eq!(verdict["first_broken"], Value::Null);
}
