//! Releases on media that are plugged in.

use std::sync::Arc;

use appliance_core::event::{DomainEvent, EventSink};
use appliance_core::update::{Taking, UpdateError, UpdateProblem};
use axum::http::StatusCode;
use serde_json::json;

use super::ScriptedUpdates;
use crate::harness::{TestBox, with_updates};

const MEDIA: &str = "/api/v1/updates/media";
const NEWER: &str = "anya-1.3.0-generic-x86_64.update";
const OTHER: &str = "anya-1.3.0-qemu-x86_64.update";

fn taking() -> Taking {
    Taking { medium: "sdb1".into(), file: NEWER.into(), done: 7, total: 700_000_000 }
}

#[tokio::test]
async fn what_is_on_a_medium_is_told_and_whether_it_fits() {
    let updates = Arc::new(ScriptedUpdates::offering());
    let test = with_updates(updates.clone()).await;
    assert_eq!(test.get(MEDIA).await.json(), json!({"releases": [], "taking": null}));
    updates.plug_in(&[OTHER, NEWER, "anya-1.1.0-generic-x86_64.update"], Some(taking()));
    let told = test.get(MEDIA).await.json();
    assert_eq!(
        told["releases"][0],
        json!({
            "medium": "sdb1", "file": NEWER, "version": "1.3.0", "board": "generic-x86_64",
            "size": 700_000_000, "fit": "newer",
        })
    );
    let fits: Vec<_> = told["releases"].as_array().unwrap().iter().map(|release| &release["fit"]).collect();
    assert_eq!(fits, ["newer", "other_board", "older"]);
    assert_eq!(told["taking"], json!({"medium": "sdb1", "file": NEWER, "done": 7, "total": 700_000_000}));
}

#[tokio::test]
async fn a_release_is_taken_from_a_medium_when_it_is_asked_for() {
    let updates = Arc::new(ScriptedUpdates::offering());
    let test = with_updates(updates.clone()).await;
    updates.plug_in(&[NEWER], None);
    let order = json!({"medium": "sdb1", "file": NEWER});
    let answer = test.post(MEDIA, &order).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text());
    assert_eq!(answer.json()["running"], "1.2.0");
    assert_eq!(updates.orders(), [format!("take {NEWER} from sdb1 by ada")]);

    updates.fail(UpdateError::NotNow("This file is on no medium that is plugged in.".into()));
    test.post(MEDIA, &order).await.assert_problem(409, "conflict", "", "on no medium");
    let (code, text) = ("no_room".into(), "The update needs 700 MiB.".into());
    updates.fail(UpdateError::Refused(UpdateProblem { code, text }));
    test.post(MEDIA, &order).await.assert_problem(422, "update-refused", "", "needs 700 MiB");
    for (body, field, reason) in [
        (json!({"medium": "sdb1"}), "file", "is missing"),
        (json!({"medium": 1, "file": NEWER}), "medium", "is a whole number"),
        (json!({"medium": "sdb1", "file": NEWER, "install": true}), "install", "is not a field"),
    ] {
        test.post(MEDIA, &body).await.assert_problem(400, "invalid-request", field, reason);
    }
}

#[tokio::test]
async fn plugging_in_and_progress_are_events_with_all_that_is_told() {
    let updates = ScriptedUpdates::offering();
    let media = updates.plug_in(&[NEWER], Some(taking()));
    let test = TestBox::new().await;
    let mut heard = crate::events::listening(&test).await;
    test.events().publish(DomainEvent::UpdateMediaChanged { media });
    let event = heard.next_other().await;
    assert_eq!(event["type"], "update_media_changed");
    assert_eq!(
        (&event["media"]["releases"][0]["file"], &event["media"]["taking"]["done"]),
        (&json!(NEWER), &json!(7))
    );
}
