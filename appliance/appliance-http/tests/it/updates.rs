//! Updates: what is told, what is ordered, a file that is streamed, the settings.

mod file;
mod media;
mod scripted;

use std::sync::Arc;

use appliance_core::event::{DomainEvent, EventSink};
use appliance_core::storage::{StorageError, StorageErrorKind};
use appliance_core::update::{UpdateError, UpdateProblem};
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use ota_core::life::Phase;
use serde_json::{Value, json};

use crate::harness::{Answer, TestBox, with_updates};
pub(crate) use scripted::ScriptedUpdates;

const UPDATES: &str = "/api/v1/updates";
const SETTINGS: &str = "/api/v1/updates/settings";

async fn order(test: &TestBox, what: &str) -> Answer {
    let request = Request::post(format!("{UPDATES}/{what}")).header(header::AUTHORIZATION, test.bearer());
    test.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn everything_that_is_known_is_told() {
    let updates = Arc::new(ScriptedUpdates::offering());
    let test = with_updates(updates.clone()).await;
    let status = test.get(UPDATES).await.json();
    assert_eq!(
        status,
        json!({
            "availability": {"state": "ready"},
            "running": "1.2.0",
            "board": "generic-x86_64",
            "good": true,
            "activity": "measuring",
            "phase": {"phase": "available", "version": "1.3.0"},
            "problem": null,
            "offer": {
                "version": "1.3.0", "source": "server", "notes": "Faster.\n<b>Safer.</b>",
                "signed_by": ["Ada", "Grace"], "signed": "2026-11-20T00:00:00Z",
                "expires": "2027-11-20T00:00:00Z", "epoch": 2, "size": 700_000_000, "download": 31_000_000,
                "set_aside": null,
            },
            "last_check": {"at": "2026-11-21T09:00:00Z", "problem": null},
            "next_check": "2026-11-21T21:00:00Z",
            "previous": {"version": "1.1.0", "refused": null},
            "history": [
                {"version": "1.2.0", "at": "2026-11-01T03:00:00Z", "outcome": "installed", "reason": ""},
            ],
        })
    );
    let history = test.get("/api/v1/updates/history").await.json();
    assert_eq!(history, json!({"items": status["history"], "next_cursor": null}));
}

#[tokio::test]
async fn every_phase_has_its_figures() {
    let updates = Arc::new(ScriptedUpdates::offering());
    let test = with_updates(updates.clone()).await;
    for phase in [
        json!({"phase": "idle"}),
        json!({"phase": "checking", "since": "2026-11-21T09:00:00Z"}),
        json!({"phase": "downloading", "version": "1.3.0", "done": 7, "total": 9}),
        json!({"phase": "ready", "version": "1.3.0"}),
        json!({"phase": "installing", "version": "1.3.0", "step": "verify_read_back"}),
        json!({"phase": "restart_pending", "version": "1.3.0", "at": "2026-11-22T03:00:00Z"}),
        json!({"phase": "restart_pending", "version": "1.3.0", "at": null}),
        json!({"phase": "trial", "version": "1.3.0", "since": "2026-11-22T03:01:00Z"}),
        json!({"phase": "good", "version": "1.3.0", "at": "2026-11-22T03:02:00Z"}),
        json!({"phase": "rolled_back", "version": "1.3.0", "to": "1.2.0", "reason": "It did not start."}),
    ] {
        updates.change(|status| status.phase = serde_json::from_value(phase.clone()).unwrap());
        assert_eq!(test.get(UPDATES).await.json()["phase"], phase);
    }
}

#[tokio::test]
async fn orders_are_carried_out_in_the_name_of_who_gave_them() {
    let updates = Arc::new(ScriptedUpdates::offering());
    let test = with_updates(updates.clone()).await;
    for what in ["check", "download", "cancel", "restart", "rollback"] {
        let answer = order(&test, what).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text());
        assert_eq!(answer.json()["running"], "1.2.0");
    }
    let install = test.post("/api/v1/updates/install", &json!({"version": "1.3.0"})).await;
    assert_eq!(install.status, StatusCode::ACCEPTED, "{}", install.text());
    test.post("/api/v1/updates/install", &json!({"version": "1.3.0-rc.1", "insist": true})).await;
    assert_eq!(
        updates.orders(),
        [
            "check by ada",
            "download by ada",
            "cancel by ada",
            "restart by ada",
            "roll back by ada",
            "install 1.3.0 by ada",
            "install 1.3.0-rc.1 all the same by ada",
        ]
    );
}

#[tokio::test]
async fn what_is_refused_says_why_and_what_to_do() {
    let updates = Arc::new(ScriptedUpdates::offering());
    let test = with_updates(updates.clone()).await;
    let full = || StorageError::new(StorageErrorKind::Full, "append to the audit log");
    let failed =
        || UpdateError::Failed { operation: "ask for the slots", source: "the cause beneath".into() };
    let refused = || {
        let (code, text) = ("rollback_older_epoch".into(), "The version is not safe any more.".into());
        UpdateError::Refused(UpdateProblem { code, text })
    };
    type Case = (fn() -> UpdateError, u16, &'static str, &'static str);
    let cases: [Case; 4] = [
        (|| UpdateError::Unsupported, 409, "updates-unsupported", "takes no updates"),
        (|| UpdateError::Busy("1.3.0 is downloaded.".into()), 409, "update-under-way", "1.3.0 is downloaded"),
        (|| UpdateError::NotNow("There is nothing to cancel.".into()), 409, "conflict", "nothing to cancel"),
        (|| UpdateError::Failed { operation: "x", source: "the cause beneath".into() }, 500, "internal", ""),
    ];
    for (error, status, kind, reason) in cases {
        updates.fail(error());
        order(&test, "cancel").await.assert_problem(status, kind, "", reason);
    }
    updates.fail(full().into());
    order(&test, "check").await.assert_problem(507, "storage-full", "", "");
    updates.fail(refused());
    let answer = order(&test, "rollback").await;
    answer.assert_problem(422, "update-refused", "", "not safe any more");
    assert_eq!(answer.json()["code"], "rollback_older_epoch");
    updates.fail(failed());
    let answer = order(&test, "restart").await;
    assert!(!answer.text().contains("beneath") && answer.json().get("code").is_none(), "{}", answer.text());
}

#[tokio::test]
async fn a_version_that_is_none_is_named() {
    let test = TestBox::new().await;
    let install = "/api/v1/updates/install";
    for (body, field, reason) in [
        (json!({"version": "latest"}), "version", "has to be a version such as 1.2.3"),
        (json!({"version": "1.3.0", "insist": "yes"}), "insist", "is a text"),
        (json!({"insist": true}), "version", "is missing"),
        (json!({"version": "1.3.0", "force": true}), "force", "known are `version`, `insist`"),
    ] {
        test.post(install, &body).await.assert_problem(400, "invalid-request", field, reason);
    }
}

#[tokio::test]
async fn a_machine_without_slots_says_so_and_keeps_settings_all_the_same() {
    let test = TestBox::new().await;
    let status = test.get(UPDATES).await.json();
    assert_eq!((&status["availability"]["state"], &status["board"]), (&json!("unsupported"), &Value::Null));
    assert_eq!(test.get(SETTINGS).await.status, StatusCode::OK);
}

fn settings() -> Value {
    json!({
        "automatic": "check", "server": "https://updates.example/anya", "channel": "beta",
        "check_every_hours": 24, "restart": {"when": "at", "at": "23:45"}, "bandwidth": 500_000,
    })
}

#[tokio::test]
async fn settings_are_kept_and_read() {
    let test = with_updates(Arc::new(ScriptedUpdates::offering())).await;
    let usual = test.get(SETTINGS).await.json();
    assert_eq!(
        usual,
        json!({
            "automatic": "install", "server": null, "channel": "stable", "check_every_hours": 12,
            "restart": {"when": "at", "at": "03:00"}, "bandwidth": null,
        })
    );
    let changed = test.put(SETTINGS, &settings()).await;
    assert_eq!((changed.status, changed.json()), (StatusCode::OK, settings()));
    assert_eq!(test.get(SETTINGS).await.json(), settings());
    for when in ["now", "manual"] {
        let mut wanted = settings();
        wanted["restart"] = json!({"when": when, "at": null});
        assert_eq!(test.put(SETTINGS, &wanted).await.json(), wanted);
    }
    assert_eq!(test.put(SETTINGS, &usual).await.json(), usual);
}

#[tokio::test]
async fn settings_that_cannot_be_are_refused_by_name() {
    let test = with_updates(Arc::new(ScriptedUpdates::offering())).await;
    let cases = [
        ("automatic", json!("sometimes"), "automatic", "`off`, `check`, `download`, `install`"),
        ("channel", json!("../x"), "channel", "a name such as stable"),
        ("check_every_hours", json!(0), "check_every_hours", "from 1 to 168"),
        ("check_every_hours", json!(70_000), "check_every_hours", ""),
        ("bandwidth", json!(0), "bandwidth", "at least 16384"),
        ("bandwidth", json!(1), "bandwidth", "at least 16384"),
        ("restart", json!({"when": "at", "at": "25:00"}), "restart.at", "a time such as 03:30"),
        ("restart", json!({"when": "at"}), "restart.at", "is missing"),
        ("restart", json!({"when": "now", "at": "03:00"}), "restart.at", "only when"),
        ("restart", json!({"when": "soon"}), "restart.when", "`now`, `at`, `manual`"),
        ("server", json!("ftp://x"), "server", "has to begin with https://"),
        ("unknown", json!(1), "unknown", "is not a field"),
    ];
    for (field, value, wrong, reason) in cases {
        let mut wanted = settings();
        wanted[field] = value;
        test.put(SETTINGS, &wanted).await.assert_problem(400, "invalid-request", wrong, reason);
    }
    for field in ["automatic", "server", "channel", "check_every_hours", "restart", "bandwidth"] {
        let mut wanted = settings();
        wanted.as_object_mut().unwrap().remove(field);
        test.put(SETTINGS, &wanted).await.assert_problem(400, "invalid-request", field, "is missing");
    }
    assert_eq!(test.get(SETTINGS).await.json()["channel"], "stable");
}

#[tokio::test]
async fn another_site_s_page_gives_no_orders() {
    let test = with_updates(Arc::new(ScriptedUpdates::offering())).await;
    let routes =
        ["check", "download", "install", "cancel", "restart", "rollback", "file", "media", "settings"];
    for route in routes {
        let method = if route == "settings" { Method::PUT } else { Method::POST };
        let request = Request::builder().method(method).uri(format!("{UPDATES}/{route}"));
        let request = request.header(header::HOST, "localhost:8443").header(header::COOKIE, test.cookie());
        let request = request.header(header::ORIGIN, "https://evil.example").body(Body::empty()).unwrap();
        test.send(request).await.assert_problem(403, "cross-origin-request", "", "");
    }
}

#[tokio::test]
async fn changes_are_events_with_the_phase_and_its_figures() {
    let test = TestBox::new().await;
    let mut heard = crate::events::listening(&test).await;
    let phase = Phase::Downloading { version: "1.3.0".parse().unwrap(), done: 7, total: 9 };
    test.events().publish(DomainEvent::UpdateChanged { phase });
    let event = heard.next_other().await;
    assert_eq!(event["type"], "update_changed");
    assert_eq!(
        event["phase"],
        json!({"phase": "downloading", "version": "1.3.0", "done": 7, "total": 9}),
        "as in the status"
    );
}
