//! Answers kept for repeated requests.

use appliance_core::keys::{Begun, Idempotency, IdempotentRequest, StoredAnswer};
use appliance_store::Store;

use crate::{Folder, at};

fn request(actor: &str, key: &str) -> IdempotentRequest {
    IdempotentRequest {
        actor: actor.into(),
        key: key.into(),
        route: "POST /api/v1/security/keys".into(),
        body_hash: [1; 32],
    }
}

fn answer() -> StoredAnswer {
    StoredAnswer {
        status: 201,
        content_type: "application/json".into(),
        location: Some("/api/v1/security/keys/1".into()),
        body: b"{}".to_vec(),
    }
}

#[test]
fn a_request_is_done_once_and_answered_the_same() {
    let store = Store::open_in_memory().unwrap();
    let ada = request("user:ada", "k");
    assert_eq!(store.begin(&ada, at(0)).unwrap(), Begun::New);
    assert_eq!(store.begin(&ada, at(1)).unwrap(), Begun::InProgress);
    assert_eq!(store.begin(&request("user:eve", "k"), at(1)).unwrap(), Begun::New, "another person's key");
    store.finish(&ada, &answer()).unwrap();
    assert_eq!(store.begin(&ada, at(2)).unwrap(), Begun::Done(answer()));
    let other_body = IdempotentRequest { body_hash: [2; 32], ..ada.clone() };
    let other_route = IdempotentRequest { route: "POST /x".into(), ..ada.clone() };
    assert_eq!(store.begin(&other_body, at(2)).unwrap(), Begun::Reused);
    assert_eq!(store.begin(&other_route, at(2)).unwrap(), Begun::Reused);
    let day = 24 * 3600;
    assert_eq!(store.begin(&ada, at(day - 1)).unwrap(), Begun::Done(answer()));
    assert_eq!(store.begin(&ada, at(day)).unwrap(), Begun::New, "forgotten after a day");
}

#[test]
fn a_request_that_failed_or_was_cut_off_may_be_repeated() {
    let folder = Folder::new();
    let store = folder.open();
    let (failed, done, cut) = (request("user:ada", "a"), request("user:ada", "b"), request("user:ada", "c"));
    store.begin(&failed, at(0)).unwrap();
    store.abandon(&failed).unwrap();
    assert_eq!(store.begin(&failed, at(0)).unwrap(), Begun::New);
    store.begin(&done, at(0)).unwrap();
    store.finish(&done, &answer()).unwrap();
    store.abandon(&done).unwrap();
    store.begin(&cut, at(0)).unwrap();
    drop(store);
    let store = folder.open();
    assert_eq!(store.begin(&done, at(1)).unwrap(), Begun::Done(answer()), "an answer is not abandoned");
    assert_eq!(store.begin(&cut, at(1)).unwrap(), Begun::New);
}

#[test]
fn of_many_at_once_one_is_new() {
    let folder = Folder::new();
    let store = folder.open();
    let ada = request("user:ada", "k");
    let new = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..16).map(|_| scope.spawn(|| store.begin(&ada, at(0)).unwrap())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).filter(|begun| *begun == Begun::New).count()
    });
    assert_eq!(new, 1);
}
