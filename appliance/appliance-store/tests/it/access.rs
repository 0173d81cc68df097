//! Who may use the box, by way of the service that holds the rules.

use std::sync::Arc;

use appliance_core::access::{AccessService, AccessStore, Credential, SecretHash, SystemEntropy, Touch};
use appliance_core::audit::{Actor, AuditLog, Who};
use appliance_core::clock::SystemClock;
use appliance_core::event::{DomainEvent, EventSink};
use appliance_core::storage::StorageErrorKind;
use appliance_store::Store;

use crate::{Folder, at};

const PASSWORD: &str = "correct horse battery staple";

struct Nobody;

impl EventSink for Nobody {
    fn publish(&self, _: DomainEvent) {}
}

fn service(store: &Store) -> AccessService {
    let (access, audit) = (Arc::new(store.clone()), Arc::new(store.clone()));
    AccessService::new(access, audit, Arc::new(Nobody), Arc::new(SystemClock), Arc::new(SystemEntropy))
        .unwrap()
}

#[test]
fn owner_session_and_api_key_survive_a_restart() {
    let folder = Folder::new();
    let store = folder.open();
    let access = service(&store);
    let code = access.current_claim_code().unwrap();
    let opened = access.claim(&code, "ada", PASSWORD, "r1").unwrap();
    let ada = Actor::new(Who::User("ada".into()), "r2");
    let key = access.create_api_key(&ada, "ci", Some(30)).unwrap();
    let gone = access.create_api_key(&ada, "gone", None).unwrap();
    access.delete_api_key(&ada, &gone.key.id).unwrap();
    assert!(access.authenticate(Credential::ApiKey(&key.secret)).is_some());
    drop((access, store));

    let store = folder.open();
    let access = service(&store);
    assert_eq!(access.claimed_by().as_deref(), Some("ada"));
    let principal = access.authenticate(Credential::Session(&opened.secret)).unwrap();
    assert_eq!(principal.expires_at, Some(opened.expires_at));
    let keys = access.list_api_keys(&principal);
    assert_eq!((keys.len(), keys[0].expires_at), (1, key.key.expires_at));
    assert!(keys[0].last_used_at.is_some(), "its use was noted");
    assert!(access.authenticate(Credential::ApiKey(&gone.secret)).is_none());
    access.sign_in("ada", PASSWORD, "r3").unwrap();
    access.sign_out(&opened.secret, "r4").unwrap();
    drop((access, store));

    let store = folder.open();
    assert!(service(&store).authenticate(Credential::Session(&opened.secret)).is_none());
    assert!(store.verify().unwrap().intact);
    store.close().unwrap();
    let bytes = std::fs::read(folder.path()).unwrap();
    for secret in [&*opened.secret, &*key.secret, PASSWORD] {
        assert!(
            !bytes.windows(secret.len()).any(|window| window == secret.as_bytes()),
            "no secret is on the disk"
        );
    }
}

#[test]
fn what_the_store_keeps_is_bound_together() {
    let store = Store::open_in_memory().unwrap();
    service(&store).claim("x", "ada", PASSWORD, "r").unwrap_err();
    let access = service(&store);
    access.claim(&access.current_claim_code().unwrap(), "ada", PASSWORD, "r").unwrap();
    let kept = AccessStore::load(&store).unwrap();
    let mut twin = kept.users[0].clone();
    twin.user.id = "other".into();
    assert_eq!(store.add_user(&twin).unwrap_err().kind, StorageErrorKind::AlreadyExists);
    let mut orphan = kept.sessions[0].clone();
    (orphan.user_id, orphan.secret) = ("nobody".into(), SecretHash([7; 32]));
    assert_eq!(store.add_session(&orphan).unwrap_err().kind, StorageErrorKind::Corrupt);
    // A use of what is not there is nothing.
    store.touch(Touch { secret: SecretHash([8; 32]), at: at(0) });
    store.remove_sessions(&[SecretHash([8; 32]), kept.sessions[0].secret]).unwrap();
    assert!(AccessStore::load(&store).unwrap().sessions.is_empty());
}
