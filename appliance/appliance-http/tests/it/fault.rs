//! Fault mode: what is served while the data partition is closed, and the data partition of a box that
//! works.

use std::sync::{Arc, Mutex};

use appliance_core::access::SystemEntropy;
use appliance_http::{ConsoleCode, FaultServices, Storage, Unlocked, fault_router};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use hal_api::HalErrorKind;
use hal_api::volume::{ClosedReason, DataVolume, RecoveryKey};
use hal_sim::{Fault, SimVolume, VolumeAct};
use serde_json::json;

use crate::harness::{Answer, TestBox, post, send, with_storage};

/// A box in fault mode.
struct Closed {
    router: Router,
    volume: SimVolume,
    key: RecoveryKey,
    code: Arc<Mutex<String>>,
    opened: Arc<Mutex<Vec<Unlocked>>>,
}

fn closed(reason: ClosedReason) -> Closed {
    let (volume, key) = SimVolume::closed(reason);
    let (code, opened) = (Arc::<Mutex<String>>::default(), Arc::<Mutex<Vec<Unlocked>>>::default());
    let (shown, heard) = (Arc::clone(&code), Arc::clone(&opened));
    let services = FaultServices {
        status: volume.status().ok(),
        not_started: None,
        volume: Arc::new(volume.clone()),
        code: Arc::new(
            ConsoleCode::new(&SystemEntropy, move |code| *shown.lock().unwrap() = code.to_owned()).unwrap(),
        ),
        opened: Arc::new(move |unlocked| heard.lock().unwrap().push(unlocked)),
    };
    Closed { router: fault_router(services), volume, key, code, opened }
}

impl Closed {
    async fn get(&self, path: &str) -> Answer {
        send(&self.router, Request::get(path).body(Body::empty()).unwrap()).await
    }

    async fn post(&self, path: &str, body: &serde_json::Value) -> Answer {
        send(&self.router, post(path, body)).await
    }

    async fn unlock(&self, key: &str) -> Answer {
        self.post("/api/v1/storage/unlock", &json!({ "recovery_key": key })).await
    }

    fn code(&self) -> serde_json::Value {
        json!({"code": *self.code.lock().unwrap()})
    }
}

#[tokio::test]
async fn the_fault_and_its_ways_out_are_told_and_nothing_else_is_served() {
    let fault = closed(ClosedReason::TpmRefused);
    let told = fault.get("/api/v1/system/fault").await.json();
    let told = &told["fault"];
    assert_eq!((&told["kind"], &told["reason"]), (&json!("data_closed"), &json!("tpm_refused")));
    assert_eq!(told["ways_out"], json!(["recovery_key", "restart", "erase"]));
    assert!(!told["title"].as_str().unwrap().is_empty() && !told["text"].as_str().unwrap().is_empty());
    assert_eq!(fault.get("/healthz").await.status, StatusCode::OK);
    let ready = fault.get("/readyz").await;
    assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(ready.json()["components"][0]["detail"], told["title"]);
    let page = fault.get("/").await;
    assert_eq!(page.headers[header::CONTENT_TYPE], "text/html; charset=utf-8");
    for path in ["/api/v1/access/claim", "/api/v1/security/keys", "/v1/models", "/api/v1/storage"] {
        fault.get(path).await.assert_problem(503, "unavailable", "", "closed");
    }
}

#[tokio::test]
async fn the_right_key_opens_seals_anew_and_says_so() {
    let fault = closed(ClosedReason::TpmRefused);
    for wrong in ["v".repeat(64), "hunter2".to_owned(), String::new()] {
        fault.unlock(&wrong).await.assert_problem(422, "recovery-key-wrong", "", "");
    }
    assert_eq!(fault.volume.acts(), []);
    let typed = fault.key.expose().to_uppercase().replace('-', "  ");
    let opened = fault.unlock(&typed).await;
    assert_eq!((opened.status, opened.json()), (StatusCode::OK, json!({"opened": true})));
    assert_eq!(fault.volume.acts(), [VolumeAct::Unlocked, VolumeAct::Resealed]);
    assert_eq!(fault.opened.lock().unwrap()[0].resealed, Some(true));
    assert_eq!(fault.get("/api/v1/system/fault").await.json(), json!({"fault": null}));
}

#[tokio::test]
async fn without_a_tpm_nothing_is_sealed() {
    let fault = closed(ClosedReason::TpmMissing);
    assert_eq!(fault.unlock(fault.key.expose()).await.status, StatusCode::OK);
    assert_eq!(fault.volume.acts(), [VolumeAct::Unlocked]);
    assert_eq!(fault.opened.lock().unwrap()[0].resealed, None);
}

#[tokio::test]
async fn erasing_and_restarting_take_the_code_on_the_console() {
    let fault = closed(ClosedReason::TpmRefused);
    let (erase, restart) = ("/api/v1/storage/erase", "/api/v1/system/restart");
    for path in [erase, restart] {
        fault.post(path, &json!({"code": "0000-0000"})).await.assert_problem(403, "wrong-claim-code", "", "");
        fault.post(path, &json!({"code": "?"})).await.assert_problem(400, "invalid-request", "code", "");
    }
    assert_eq!(fault.volume.acts(), []);
    assert_eq!(fault.post(restart, &fault.code()).await.status, StatusCode::ACCEPTED);
    assert_eq!(fault.post(erase, &fault.code()).await.status, StatusCode::ACCEPTED);
    assert_eq!(fault.volume.acts(), [VolumeAct::Restarted, VolumeAct::Erased]);
}

#[tokio::test]
async fn guessing_the_code_is_stopped() {
    let fault = closed(ClosedReason::Damaged);
    for _ in 0..5 {
        let guess = fault.post("/api/v1/storage/erase", &json!({"code": "0000-0000"})).await;
        guess.assert_problem(403, "wrong-claim-code", "", "");
    }
    let paused = fault.post("/api/v1/storage/erase", &fault.code()).await;
    paused.assert_problem(429, "too-many-attempts", "", "");
    assert!(paused.headers.contains_key(header::RETRY_AFTER));
    assert_eq!(fault.volume.acts(), []);
}

#[tokio::test]
async fn what_does_not_help_is_refused() {
    let swapped = closed(ClosedReason::OpensWithoutKey);
    swapped.unlock(swapped.key.expose()).await.assert_problem(409, "conflict", "", "");
    let gone = closed(ClosedReason::NoDisk);
    gone.post("/api/v1/storage/erase", &gone.code()).await.assert_problem(409, "conflict", "", "");
    let broken = closed(ClosedReason::TpmRefused);
    broken.volume.fail_next(Fault::Kind(HalErrorKind::Device));
    broken.unlock(broken.key.expose()).await.assert_problem(503, "unavailable", "", "");
    assert_eq!(broken.unlock(broken.key.expose()).await.status, StatusCode::OK, "the next try may succeed");
}

#[tokio::test]
async fn another_sites_page_cannot_use_the_ways_out() {
    let fault = closed(ClosedReason::TpmRefused);
    let mut request = post("/api/v1/storage/erase", &fault.code());
    request.headers_mut().insert(header::ORIGIN, "https://evil.example".parse().unwrap());
    send(&fault.router, request).await.assert_problem(403, "cross-origin-request", "", "");
    assert_eq!(fault.volume.acts(), []);
}

#[tokio::test]
async fn a_box_that_works_has_no_fault_and_says_so_to_everybody() {
    let test = TestBox::new().await;
    let request = Request::get("/api/v1/system/fault").body(Body::empty()).unwrap();
    assert_eq!(test.send(request).await.json(), json!({"fault": null}));
    let storage = test.get("/api/v1/storage").await.json();
    let volume = &storage["volume"];
    assert_eq!((&volume["protection"], &volume["recovery_key"]), (&json!("developer"), &json!("not_needed")));
    test.post("/api/v1/storage/recovery-key", &json!({})).await.assert_problem(409, "conflict", "", "");
}

#[tokio::test]
async fn a_recovery_key_is_shown_once_audited_and_replaces_the_one_before() {
    let volume = SimVolume::open();
    let test = with_storage(Storage { volume: Some(Arc::new(volume.clone())), resealed: true }).await;
    let before = test.get("/api/v1/storage").await.json();
    assert_eq!(before["volume"]["recovery_key"], "missing");
    assert_eq!(
        (&before["volume"]["protection"], &before["volume"]["resealed"]),
        (&json!("tpm"), &json!(true))
    );
    let stranger = Request::post("/api/v1/storage/recovery-key").body(Body::empty()).unwrap();
    test.send(stranger).await.assert_problem(401, "unauthorized", "", "");
    let made = test.post("/api/v1/storage/recovery-key", &json!({})).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    let key = made.json()["recovery_key"].as_str().unwrap().to_owned();
    RecoveryKey::parse(&key).unwrap();
    assert_eq!(test.get("/api/v1/storage").await.json()["volume"]["recovery_key"], "made");
    let again = test.post("/api/v1/storage/recovery-key", &json!({})).await.json();
    assert_ne!(again["recovery_key"], key.as_str());
    let audit = test.get("/api/v1/security/audit").await.text();
    assert!(audit.contains("storage.recovery_key") && !audit.contains(&key), "{audit}");
}
