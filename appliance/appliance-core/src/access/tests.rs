//! The rules of access, over a store in memory.

use std::sync::{Arc, Mutex};

use super::*;
use crate::audit::{Actor, AuditLog, Who};
use crate::doubles::{Counting, Disk, Events, MemoryAudit, TestClock, lock};
use crate::event::{DomainEvent, EventSink};
use crate::storage::StorageResult;

const PASSWORD: &str = "correct horse battery staple";

/// A store in memory, on a disk that can be full. Clones are the same store.
#[derive(Clone, Default)]
struct MemoryStore {
    disk: Arc<Disk>,
    kept: Arc<Mutex<AccessSnapshot>>,
}

impl MemoryStore {
    fn change(&self, change: impl FnOnce(&mut AccessSnapshot)) -> StorageResult<()> {
        self.disk.check()?;
        change(&mut lock(&self.kept));
        Ok(())
    }
}

impl AccessStore for MemoryStore {
    fn load(&self) -> StorageResult<AccessSnapshot> {
        Ok(lock(&self.kept).clone())
    }

    fn add_user(&self, user: &UserRecord) -> StorageResult<()> {
        self.change(|kept| kept.users.push(user.clone()))
    }

    fn add_session(&self, session: &SessionRecord) -> StorageResult<()> {
        self.change(|kept| kept.sessions.push(session.clone()))
    }

    fn remove_sessions(&self, secrets: &[SecretHash]) -> StorageResult<()> {
        self.change(|kept| kept.sessions.retain(|session| !secrets.contains(&session.secret)))
    }

    fn add_api_key(&self, key: &ApiKeyRecord) -> StorageResult<()> {
        self.change(|kept| kept.api_keys.push(key.clone()))
    }

    fn remove_api_key(&self, id: &str) -> StorageResult<()> {
        self.change(|kept| kept.api_keys.retain(|key| key.id != id))
    }

    fn touch(&self, touch: Touch) {
        let _ = self.change(|kept| {
            for session in kept.sessions.iter_mut().filter(|session| session.secret == touch.secret) {
                session.last_used_at = touch.at;
            }
        });
    }
}

struct Bench {
    store: MemoryStore,
    audit: Arc<MemoryAudit>,
    events: Arc<Events>,
    clock: Arc<TestClock>,
    access: AccessService,
}

impl Bench {
    fn new() -> Self {
        Self::over(MemoryStore::default(), Arc::default())
    }

    fn over(store: MemoryStore, clock: Arc<TestClock>) -> Self {
        let (audit, events) = (Arc::new(MemoryAudit::default()), Arc::new(Events::default()));
        let access = AccessService::new(
            Arc::new(store.clone()),
            Arc::clone(&audit) as Arc<dyn AuditLog>,
            Arc::clone(&events) as Arc<dyn EventSink>,
            Arc::clone(&clock) as Arc<dyn crate::clock::Clock>,
            Arc::new(Counting::default()),
        );
        Self { store, audit, events, clock, access: access.unwrap() }
    }

    fn restarted(&self) -> Self {
        Self::over(self.store.clone(), Arc::clone(&self.clock))
    }

    /// A box claimed by Ada, and her session.
    fn claimed() -> (Self, OpenedSession) {
        let bench = Self::new();
        let code = bench.access.current_claim_code().unwrap();
        let opened = bench.access.claim(&code, "Ada", PASSWORD, "r1").unwrap();
        (bench, opened)
    }

    fn session(&self, secret: &str) -> Option<Principal> {
        self.access.authenticate(Credential::Session(secret))
    }
}

fn ada() -> Actor {
    Actor::new(Who::User("ada".into()), "r2")
}

#[test]
fn the_code_makes_the_first_administrator_and_nobody_else() {
    let (bench, opened) = Bench::claimed();
    assert_eq!((opened.user.username.as_str(), opened.user.role), ("ada", Role::Administrator));
    let principal = bench.session(&opened.secret).unwrap();
    assert_eq!((principal.label().as_str(), principal.via.clone()), ("user:ada", Via::Session));
    assert_eq!(
        bench.access.claim_state(),
        ClaimState { claimed: true, tries_left: 0, retry_after_seconds: None }
    );
    assert_eq!(bench.access.current_claim_code(), None);
    let again = bench.access.claim("0000-0000", "eve", PASSWORD, "r");
    assert!(matches!(again, Err(AccessError::AlreadyClaimed)));
    assert_eq!(bench.audit.lines(), ["user:ada access.claim box ok"]);
    let told = bench.events.take();
    assert_eq!(told[0], DomainEvent::BoxClaimed { username: "ada".into() });
    assert_eq!(told[1], DomainEvent::SessionOpened { username: "ada".into() });
    let after = bench.restarted();
    assert!(after.access.claim_state().claimed && after.session(&opened.secret).is_some());
    assert_eq!(after.access.claimed_by().as_deref(), Some("ada"));
}

#[test]
fn wrong_codes_are_counted_noted_and_paused() {
    let bench = Bench::new();
    let code = bench.access.current_claim_code().unwrap();
    let claim = |code: &str| bench.access.claim(code, "eve", PASSWORD, "r");
    for left in (0..5).rev() {
        let wrong = claim("7777-7777");
        assert!(
            matches!(wrong, Err(AccessError::WrongClaimCode { tries_left }) if tries_left == left),
            "{wrong:?}"
        );
    }
    let state = bench.access.claim_state();
    assert_eq!((state.tries_left, state.retry_after_seconds), (0, Some(30)));
    assert!(matches!(claim(&code), Err(AccessError::TooManyAttempts { retry_after_seconds: 30 })));
    assert_eq!(bench.audit.lines(), vec!["stranger access.claim box denied"; 5]);
    bench.clock.pass(30);
    claim(&code).unwrap();
}

#[test]
fn what_is_not_allowed_costs_no_try_and_tells_nothing_of_the_code() {
    let bench = Bench::new();
    let code = bench.access.current_claim_code().unwrap();
    for (code, username, password, field) in [
        (code.as_str(), "a", PASSWORD, "username"),
        ("7777-7777", "a", PASSWORD, "username"),
        (code.as_str(), "ada", "short", "password"),
        (code.as_str(), "adalovelace", "AdaLovelace", "password"),
        ("777", "ada", PASSWORD, "code"),
    ] {
        let refused = bench.access.claim(code, username, password, "r");
        assert!(matches!(&refused, Err(AccessError::Invalid { field: f, .. }) if *f == field), "{refused:?}");
    }
    assert_eq!(bench.access.claim_state().tries_left, 5);
}

#[test]
fn a_new_code_is_told_to_the_console() {
    let bench = Bench::new();
    let first = bench.access.current_claim_code().unwrap();
    let shown = Arc::new(Mutex::new(Vec::new()));
    let console = Arc::clone(&shown);
    bench.access.on_new_claim_code(move |code| lock(&console).push(code.to_owned()));
    for _ in 0..20 {
        bench.clock.pass(1000);
        bench.access.claim("7777-7777", "eve", PASSWORD, "r").unwrap_err();
    }
    let now = bench.access.current_claim_code().unwrap();
    assert_ne!(now, first);
    assert_eq!(*lock(&shown), [now]);
}

#[test]
fn a_claim_that_cannot_be_kept_or_noted_leaves_the_box_unclaimed() {
    let bench = Bench::new();
    let code = bench.access.current_claim_code().unwrap();
    bench.audit.disk.fill(true);
    assert!(matches!(bench.access.claim(&code, "ada", PASSWORD, "r"), Err(AccessError::Audit(_))));
    bench.audit.disk.fill(false);
    bench.store.disk.fill(true);
    assert!(matches!(bench.access.claim(&code, "ada", PASSWORD, "r"), Err(AccessError::Store(_))));
    bench.store.disk.fill(false);
    assert!(!bench.access.claim_state().claimed && lock(&bench.store.kept).users.is_empty());
    bench.access.claim(&code, "ada", PASSWORD, "r").unwrap();
}

#[test]
fn of_two_who_know_the_code_one_is_first() {
    let bench = Bench::new();
    let code = bench.access.current_claim_code().unwrap();
    let claim = |name: &'static str| bench.access.claim(&code, name, PASSWORD, "r").is_ok();
    let (ada, eve) = std::thread::scope(|scope| {
        let ada = scope.spawn(|| claim("ada"));
        let eve = scope.spawn(|| claim("eve"));
        (ada.join().unwrap(), eve.join().unwrap())
    });
    assert!(ada != eve);
    assert_eq!(lock(&bench.store.kept).users.len(), 1);
}

#[test]
fn signing_in_takes_the_right_password_and_name() {
    let (bench, _) = Bench::claimed();
    let opened = bench.access.sign_in(" ADA ", PASSWORD, "r").unwrap();
    assert_eq!(bench.session(&opened.secret).unwrap().user.username, "ada");
    for (name, password) in [("ada", "wrong password"), ("eve", PASSWORD), ("", "")] {
        assert!(matches!(bench.access.sign_in(name, password, "r"), Err(AccessError::WrongCredentials)));
    }
    assert_eq!(
        bench.audit.lines()[1..],
        [
            "user:ada access.sign_in user:ada ok",
            "stranger access.sign_in user:ada denied",
            "stranger access.sign_in user:unknown denied",
            "stranger access.sign_in user:unknown denied",
        ]
    );
}

#[test]
fn guessing_is_slowed_and_the_owner_is_not_locked_out_for_long() {
    let (bench, opened) = Bench::claimed();
    for _ in 0..5 {
        bench.access.sign_in("ada", "wrong password", "r").unwrap_err();
    }
    let paused = bench.access.sign_in("ada", PASSWORD, "r");
    assert!(matches!(paused, Err(AccessError::TooManyAttempts { retry_after_seconds: 2 })), "{paused:?}");
    assert!(bench.session(&opened.secret).is_some(), "a session that is open is not touched");
    bench.clock.pass(60);
    bench.access.sign_in("ada", PASSWORD, "r").unwrap();
    bench.access.sign_in("ada", "wrong password", "r").unwrap_err();
    bench.access.sign_in("ada", PASSWORD, "r").unwrap();
}

#[test]
fn a_session_ends_without_use_and_in_any_case_and_by_signing_out() {
    let (bench, opened) = Bench::claimed();
    let hour = 3600;
    bench.clock.pass(11 * hour);
    assert!(bench.session(&opened.secret).is_some());
    bench.clock.pass(11 * hour);
    assert!(bench.session(&opened.secret).is_some(), "its use counts");
    assert!(bench.restarted().session(&opened.secret).is_some(), "also after a restart");
    bench.clock.pass(12 * hour);
    assert!(bench.session(&opened.secret).is_none());
    let opened = bench.access.sign_in("ada", PASSWORD, "r").unwrap();
    for _ in 0..(7 * 24 / 8 - 1) {
        bench.clock.pass(8 * hour);
        assert!(bench.session(&opened.secret).is_some());
    }
    bench.clock.pass(8 * hour);
    assert!(bench.session(&opened.secret).is_none());
    let opened = bench.access.sign_in("ada", PASSWORD, "r").unwrap();
    assert_eq!(lock(&bench.store.kept).sessions.len(), 1, "those that have ended are dropped");
    bench.access.sign_out(&opened.secret, "r").unwrap();
    assert!(bench.session(&opened.secret).is_none() && lock(&bench.store.kept).sessions.is_empty());
    bench.access.sign_out(&opened.secret, "r").unwrap();
    assert_eq!(bench.audit.lines().last().unwrap(), "user:ada access.sign_out user:ada ok");
}

#[test]
fn one_person_has_a_bounded_number_of_sessions() {
    let (bench, first) = Bench::claimed();
    let user = first.user.clone();
    for _ in 0..70 {
        bench.clock.pass(1);
        bench.access.open_session(user.clone()).unwrap();
    }
    assert_eq!(lock(&bench.store.kept).sessions.len(), 64);
    assert!(bench.session(&first.secret).is_none(), "the oldest ended");
}

#[test]
fn an_api_key_works_until_it_ends_or_is_deleted() {
    let (bench, opened) = Bench::claimed();
    let made = bench.access.create_api_key(&ada(), " ci ", Some(1)).unwrap();
    bench.clock.pass(1);
    let forever = bench.access.create_api_key(&ada(), "laptop", None).unwrap();
    let principal = bench.session(&opened.secret).unwrap();
    let shown = bench.access.list_api_keys(&principal);
    assert_eq!(shown.iter().map(|key| key.label.as_str()).collect::<Vec<_>>(), ["ci", "laptop"]);
    assert!(made.secret.starts_with(&shown[0].prefix) && shown[0].last_used_at.is_none());
    let by_key = |secret: &str| bench.access.authenticate(Credential::ApiKey(secret));
    let principal = by_key(&made.secret).unwrap();
    assert_eq!(principal.label(), "api_key:ci@ada");
    assert_eq!(principal.actor("r9").username(), "ada");
    assert!(bench.access.list_api_keys(&principal)[0].last_used_at.is_some());
    assert!(
        by_key(&opened.secret).is_none() && bench.session(&made.secret).is_none(),
        "each in its place only"
    );
    bench.clock.pass(24 * 3600);
    assert!(by_key(&made.secret).is_none() && by_key(&forever.secret).is_some());
    assert!(bench.restarted().access.authenticate(Credential::ApiKey(&forever.secret)).is_some());
    bench.access.delete_api_key(&ada(), &forever.key.id).unwrap();
    assert!(by_key(&forever.secret).is_none());
    assert!(matches!(bench.access.delete_api_key(&ada(), &forever.key.id), Err(AccessError::NotFound)));
    for (label, days, field) in
        [("", None, "label"), ("x", Some(0), "expires_in_days"), ("x", Some(3651), "expires_in_days")]
    {
        let refused = bench.access.create_api_key(&ada(), label, days);
        assert!(matches!(&refused, Err(AccessError::Invalid { field: f, .. }) if *f == field), "{refused:?}");
    }
    let stranger = Actor::new(Who::Stranger, "r");
    assert!(bench.access.create_api_key(&stranger, "x", None).is_err());
}

#[test]
fn secrets_are_kept_as_hashes_and_never_shown() {
    let (bench, opened) = Bench::claimed();
    let made = bench.access.create_api_key(&ada(), "ci", None).unwrap();
    let kept = format!("{:?}", lock(&bench.store.kept));
    let noted = format!("{:?}", bench.audit.entries());
    for secret in [&*opened.secret, &*made.secret, PASSWORD] {
        assert!(!kept.contains(secret) && !noted.contains(secret));
        assert!(!format!("{opened:?} {made:?}").contains(secret));
    }
}
