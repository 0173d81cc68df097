//! A box for tests: the real router and domain over ports in memory, claimed by `ada`.

use std::sync::Arc;
use std::time::Duration;

use appliance_core::access::{AccessService, SystemEntropy};
use appliance_core::audit::AuditLog;
use appliance_core::clock::SystemClock;
use appliance_core::health::{Component, ComponentState, HealthRegistry};
use appliance_core::inference::ChatModel;
use appliance_core::keys::{KeyService, TokenLogin};
use appliance_core::node::{Chain, Node};
use appliance_http::{
    AcceleratorReport, BoxIdentity, CertificateIdentity, EventBus, Presence, ProbeState, Profile, Services,
    Storage, router,
};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use axum::response::Response;
use hal_api::{Accelerator, AcceleratorKind, BoardSensors, Token};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::doubles::{TestBoard, TestChat, TestEmbedder, TestLog, TestNode};
use crate::memory::{MemoryAccess, MemoryAudit, MemoryCatalog, MemoryIdempotency, SoftwareToken};
use crate::updates::ScriptedUpdates;

/// A box for tests.
pub(crate) struct TestBox {
    router: Router,
    services: Services,
    key: String,
    cookie: String,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.to_vec()).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {}", self.text()))
    }

    /// That this is a problem document of this kind, about this field (none for an empty text), whose
    /// detail or reason holds this text.
    pub(crate) fn assert_problem(&self, status: u16, kind: &str, field: &str, reason: &str) {
        let text = self.text();
        assert_eq!(self.status.as_u16(), status, "{text}");
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/problem+json", "{text}");
        let problem = self.json();
        assert_eq!(problem["type"], format!("urn:anya:problem:{kind}"), "{text}");
        assert_eq!(problem["status"], status, "{text}");
        assert_eq!(problem["request_id"], self.headers["x-request-id"].to_str().unwrap(), "{text}");
        for member in ["title", "detail", "next"] {
            assert!(!problem[member].as_str().unwrap().is_empty(), "{text}");
        }
        if !field.is_empty() {
            assert_eq!(problem["errors"][0]["field"], field, "{text}");
        }
        let said = format!("{} {}", problem["detail"], problem["errors"][0]["reason"]);
        assert!(said.contains(reason), "{reason:?} is not in {text}");
        for jargon in ["expected", "struct ", "variant", "serde", "panicked", "src/"] {
            assert!(!text.contains(jargon), "{jargon:?} is in {text}");
        }
    }
}

/// The services of an unclaimed box.
pub(crate) fn services(
    chat: Arc<dyn ChatModel>,
    board: Arc<dyn BoardSensors>,
    node: Arc<dyn Node>,
) -> Services {
    let events = EventBus::new();
    let audit: Arc<dyn AuditLog> = Arc::new(MemoryAudit::default());
    let clock = Arc::new(SystemClock);
    let software = Arc::new(SoftwareToken::default());
    let token = Token {
        name: "software".into(),
        probe: software.clone(),
        keys: software.clone(),
        signer: software,
        sealer: None,
        attester: None,
    };
    let sink = Arc::new(events.clone());
    let keys = KeyService::new(
        vec![token],
        Arc::new(MemoryCatalog),
        Arc::clone(&audit),
        sink.clone(),
        clock.clone(),
    );
    keys.recover().unwrap();
    let access =
        AccessService::new(Arc::new(MemoryAccess), Arc::clone(&audit), sink, clock, Arc::new(SystemEntropy))
            .unwrap();
    let health = HealthRegistry::default();
    let state = ComponentState::Ready;
    health.report(Component { name: "store".into(), state, required: true, detail: String::new() });
    Services {
        keys: Arc::new(keys),
        token_login: Arc::new(TestSlot),
        access: Arc::new(access),
        audit,
        idempotency: Arc::new(MemoryIdempotency::default()),
        node,
        embedder: Arc::new(TestEmbedder),
        chat,
        health: Arc::new(health),
        sensors: board,
        accelerators: Arc::new(accelerators),
        logs: Arc::new(TestLog),
        events,
        storage: Storage::default(),
        updates: Arc::new(ScriptedUpdates::default()),
        update_media: Arc::new(ScriptedUpdates::default()),
        update_preferences: Arc::new(ScriptedUpdates::default()),
        identity: identity(),
        shutdown: CancellationToken::new(),
    }
}

fn accelerators() -> AcceleratorReport {
    let lavapipe = Accelerator {
        name: "llvmpipe".into(),
        kind: AcceleratorKind::Software,
        driver: "Mesa".into(),
        backend: "vulkan".into(),
        vendor: 65541,
        max_binding_bytes: 128 << 20,
        f16: true,
        subgroups: true,
    };
    AcceleratorReport { items: vec![lavapipe], state: ProbeState::Ready, detail: None }
}

/// Where tokens wait for the PIN 1234.
struct TestSlot;

impl TokenLogin for TestSlot {
    fn log_in(&self, name: &str, pin: &str) -> hal_api::HalResult<()> {
        let refuse = |kind| Err(hal_api::HalError::new(kind, format!("unlock token {name}")));
        match pin {
            "1234" => Ok(()),
            "locked" => refuse(hal_api::HalErrorKind::PinLocked),
            _ => refuse(hal_api::HalErrorKind::PinIncorrect),
        }
    }
}

fn identity() -> BoxIdentity {
    let presence = Presence {
        address: "https://localhost:8443".into(),
        certificate: CertificateIdentity {
            sha256: "AB:CD".into(),
            words: vec!["six".into(), "words".into()],
            ca_sha256: "EF:01".into(),
            ca_pem: "-----BEGIN CERTIFICATE-----\n".into(),
        },
    };
    BoxIdentity {
        version: "0.1.0".into(),
        profile: Profile::Developer,
        started_at: jiff::Timestamp::now(),
        presence: tokio::sync::watch::channel(presence).1,
    }
}

/// A box with this board.
pub(crate) async fn with_board(board: Arc<dyn BoardSensors>) -> TestBox {
    TestBox::claimed(services(TestChat::allowed(usize::MAX), board, Arc::new(TestNode::on(Chain::Regtest))))
        .await
}

/// A box whose data lies there.
pub(crate) async fn with_storage(storage: Storage) -> TestBox {
    let node = Arc::new(TestNode::on(Chain::Regtest));
    TestBox::claimed(Services { storage, ..services(TestChat::allowed(0), Arc::new(TestBoard), node) }).await
}

/// A box with these updates.
pub(crate) async fn with_updates(updates: Arc<ScriptedUpdates>) -> TestBox {
    let node = Arc::new(TestNode::on(Chain::Regtest));
    let services = services(TestChat::allowed(0), Arc::new(TestBoard), node);
    let (update_media, update_preferences) = (updates.clone(), updates.clone());
    TestBox::claimed(Services { updates, update_media, update_preferences, ..services }).await
}

/// A box with this chat model.
pub(crate) async fn with_chat(chat: Arc<dyn ChatModel>) -> TestBox {
    TestBox::claimed(services(chat, Arc::new(TestBoard), Arc::new(TestNode::on(Chain::Regtest)))).await
}

/// A box whose node is on this chain.
pub(crate) async fn with_chain(chain: Chain) -> TestBox {
    TestBox::claimed(services(TestChat::allowed(0), Arc::new(TestBoard), Arc::new(TestNode::on(chain)))).await
}

/// Sends a request to a router.
pub(crate) async fn send(router: &Router, request: Request<Body>) -> Answer {
    let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    Answer { status: parts.status, headers: parts.headers, body: body.collect().await.unwrap().to_bytes() }
}

/// A request with a JSON body.
pub(crate) fn post(path: &str, body: &Value) -> Request<Body> {
    let request = Request::post(path).header(header::CONTENT_TYPE, "application/json");
    request.body(Body::from(body.to_string())).unwrap()
}

/// Waits until something holds that another thread brings about.
pub(crate) async fn eventually(holds: impl Fn() -> bool) {
    let wait = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), wait).await.expect("it never came to hold");
}

impl TestBox {
    /// A box on regtest whose model may speak.
    pub(crate) async fn new() -> Self {
        with_chat(TestChat::allowed(usize::MAX)).await
    }

    async fn claimed(services: Services) -> Self {
        let router = router(services.clone());
        let code = services.access.current_claim_code().unwrap();
        let claim = json!({"code": code, "username": "ada", "password": "correct horse battery"});
        let claimed = send(&router, post("/api/v1/access/claim", &claim)).await;
        assert_eq!(claimed.status, StatusCode::CREATED, "{}", claimed.text());
        let cookie = claimed.headers[header::SET_COOKIE].to_str().unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let mut create = post("/api/v1/access/api-keys", &json!({"label": "tests"}));
        create.headers_mut().insert(header::COOKIE, cookie.parse().unwrap());
        let created = send(&router, create).await;
        assert_eq!(created.status, StatusCode::CREATED, "{}", created.text());
        let key = created.json()["secret"].as_str().unwrap().to_owned();
        Self { router, services, key, cookie }
    }

    pub(crate) fn router(&self) -> Router {
        self.router.clone()
    }

    pub(crate) fn shutdown(&self) -> CancellationToken {
        self.services.shutdown.clone()
    }

    pub(crate) fn events(&self) -> EventBus {
        self.services.events.clone()
    }

    pub(crate) fn health(&self) -> &HealthRegistry {
        &self.services.health
    }

    pub(crate) fn bearer(&self) -> String {
        format!("Bearer {}", self.key)
    }

    pub(crate) fn cookie(&self) -> String {
        self.cookie.clone()
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        send(&self.router, request).await
    }

    /// The answer's beginning, its body not read yet.
    pub(crate) async fn start(&self, request: Request<Body>) -> Response {
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        let request = Request::get(path).header(header::AUTHORIZATION, self.bearer());
        self.send(request.body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        let request = Request::delete(path).header(header::AUTHORIZATION, self.bearer());
        self.send(request.body(Body::empty()).unwrap()).await
    }

    pub(crate) fn post_request(&self, path: &str, body: &Value) -> Request<Body> {
        let mut request = post(path, body);
        request.headers_mut().insert(header::AUTHORIZATION, self.bearer().parse().unwrap());
        request
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.post_request(path, body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        let mut request = self.post_request(path, body);
        *request.method_mut() = Method::PUT;
        self.send(request).await
    }

    pub(crate) async fn post_text(&self, path: &str, body: &str) -> Answer {
        let mut request = self.post_request(path, &Value::Null);
        *request.body_mut() = Body::from(body.to_owned());
        self.send(request).await
    }

    pub(crate) async fn create_key(&self, algorithm: &str) -> String {
        let answer =
            self.post("/api/v1/security/keys", &json!({"algorithm": algorithm, "label": "test"})).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
        answer.json()["id"].as_str().unwrap().to_owned()
    }
}
