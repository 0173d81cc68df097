//! A token that is plugged in, by its states: a second SoftHSM token stands for one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use hal_pkcs11::softhsm;
use serde_json::{Value, json};

use crate::boxed::Box;

const PIN: &str = "648219";

/// A box with a card, which lies in the folder. SoftHSM finds cards that are made while nobody uses it.
fn with_card(data: &Path) -> (Box, PathBuf) {
    let mut first = Box::start_in(data, |command| {
        command.arg("--no-bitcoin");
    })
    .claimed();
    let key = first.api_key();
    assert!(first.stop().success());
    let tokens = data.join("softhsm/tokens");
    let folders = || std::fs::read_dir(&tokens).unwrap().map(|entry| entry.unwrap().path());
    let own: BTreeSet<_> = folders().collect();
    let made = Command::new("softhsm2-util")
        .args(["--init-token", "--free", "--label", "card", "--pin", PIN, "--so-pin", PIN])
        .env(softhsm::ENVIRONMENT_VARIABLE, data.join("softhsm/softhsm2.conf"))
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let card = folders().find(|folder| !own.contains(folder)).unwrap();
    let module = softhsm::find_module().unwrap();
    let owned = Box::start_in(data, |command| {
        let modules = format!("[{{path = \"{}\"}}]", module.display());
        command.arg("--no-bitcoin").env("ANYAD_TOKENS__PKCS11__MODULES", modules);
    });
    (owned.with_api_key(key), card)
}

fn card_of(tokens: &Value) -> Option<&Value> {
    tokens["items"].as_array()?.iter().find(|token| token["label"] == "card")
}

#[test]
fn a_plugged_in_token_tells_what_it_wants_and_its_refusals_have_names() {
    let folder = tempfile::tempdir().unwrap();
    let (owned, card) = with_card(&folder.path().join("box"));
    let state_is = |state: &'static str| {
        let told = owned.until("/api/v1/security/tokens", |tokens| {
            card_of(tokens).is_some_and(|card| card["state"] == state)
        });
        card_of(&told).unwrap().clone()
    };
    let fresh = state_is("needs_pin");
    assert_eq!(fresh["pin_tries"], "untold");
    let name = fresh["name"].as_str().unwrap();
    let login = format!("/api/v1/security/tokens/{name}/login");

    let wrong = owned.post(&login, &json!({"pin": "000000"}), 422);
    assert_eq!(wrong["type"], "urn:anya:problem:wrong-pin");
    assert_eq!(state_is("needs_pin")["pin_tries"], "fewer", "told at once");
    owned.post(&login, &json!({"pin": PIN}), 204);
    assert_eq!(state_is("ready")["pin_tries"], "untold");
    let new = json!({"algorithm": "p256", "label": "mine", "token": name});
    let key = owned.post("/api/v1/security/keys", &new, 201)["id"].as_str().unwrap().to_owned();
    let sign = format!("/api/v1/security/keys/{key}/sign");
    let message = json!({"message": "aGVsbG8="});
    owned.post(&sign, &message, 200);

    std::fs::remove_dir_all(card).unwrap();
    let gone = state_is("gone");
    assert_eq!(gone["health"]["state"], "failing");
    let ready = owned.get("/readyz");
    let part = format!("token:{name}");
    let part = ready["components"].as_array().unwrap().iter().find(|c| c["name"] == part.as_str()).unwrap();
    assert_eq!((&part["state"], &part["detail"]), (&json!("failed"), &gone["health"]["reason"]));
    for (path, body) in [(&sign, &message), (&login, &json!({"pin": PIN}))] {
        assert_eq!(owned.post(path, body, 503)["type"], "urn:anya:problem:token-gone", "{path}");
    }
    let unknown = owned.post("/api/v1/security/tokens/usb-other/login", &json!({"pin": PIN}), 404);
    assert_eq!(unknown["type"], "urn:anya:problem:not-found");
}
