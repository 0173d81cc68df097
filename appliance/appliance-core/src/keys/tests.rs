//! The rules of keys, over a token made of software that can fail, and a catalog in memory.

mod software_token;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hal_api::{HalErrorKind, KeyAlgorithm, KeyId, SignatureScheme};
use software_token::SoftwareToken;

use super::encoding::ecdsa_der_to_raw;
use super::*;
use crate::audit::{Actor, AuditLog, Who};
use crate::doubles::{Disk, Events, Kept, MemoryAudit, TestClock, lock};
use crate::event::DomainEvent;
use crate::page::PageRequest;
use crate::storage::{StorageError, StorageErrorKind, StorageResult};

/// A catalog in memory, on a disk that can be full. Clones are the same catalog.
#[derive(Clone, Default)]
struct MemoryCatalog {
    disk: Arc<Disk>,
    entries: Kept<KeyId, CatalogEntry>,
    loads: Arc<AtomicUsize>,
}

impl MemoryCatalog {
    fn states(&self) -> Vec<KeyState> {
        lock(&self.entries).values().map(|entry| entry.state).collect()
    }

    fn change(&self, id: &KeyId, change: impl FnOnce(&mut CatalogEntry)) -> StorageResult<()> {
        self.disk.check()?;
        let mut entries = lock(&self.entries);
        let entry = entries.get_mut(id).ok_or(StorageError::new(StorageErrorKind::NotFound, "find a key"))?;
        change(entry);
        Ok(())
    }
}

impl KeyCatalog for MemoryCatalog {
    fn load(&self) -> StorageResult<Vec<CatalogEntry>> {
        self.loads.fetch_add(1, Ordering::SeqCst);
        Ok(lock(&self.entries).values().cloned().collect())
    }

    fn add(&self, entry: &CatalogEntry) -> StorageResult<()> {
        self.disk.check()?;
        lock(&self.entries).insert(entry.id, entry.clone());
        Ok(())
    }

    fn complete(&self, id: &KeyId, public_key: &hal_api::PublicKey) -> StorageResult<()> {
        self.change(id, |entry| {
            entry.public_key = Some(public_key.clone());
            entry.state = KeyState::Ready;
        })
    }

    fn set_state(&self, id: &KeyId, state: KeyState) -> StorageResult<()> {
        self.change(id, |entry| entry.state = state)
    }

    fn remove(&self, id: &KeyId) -> StorageResult<()> {
        self.disk.check()?;
        lock(&self.entries).remove(id);
        Ok(())
    }
}

/// A box with one token of software.
struct Bench {
    token: SoftwareToken,
    catalog: MemoryCatalog,
    audit: Arc<MemoryAudit>,
    events: Arc<Events>,
    keys: KeyService,
}

impl Bench {
    fn new() -> Self {
        let bench = Self::over(SoftwareToken::default(), MemoryCatalog::default());
        bench.keys.recover().unwrap();
        bench
    }

    /// The same box after a start, `recover` not yet called.
    fn over(token: SoftwareToken, catalog: MemoryCatalog) -> Self {
        let (audit, events) = (Arc::new(MemoryAudit::default()), Arc::new(Events::default()));
        let keys = KeyService::new(
            vec![token.port("soft")],
            Arc::new(catalog.clone()),
            Arc::clone(&audit) as Arc<dyn AuditLog>,
            Arc::clone(&events) as Arc<dyn crate::event::EventSink>,
            Arc::new(TestClock::default()),
        );
        Self { token, catalog, audit, events, keys }
    }

    fn restarted(&self) -> Self {
        Self::over(self.token.clone(), self.catalog.clone())
    }

    fn create(&self, algorithm: KeyAlgorithm) -> KeyResult<KeyRecord> {
        self.keys.create(&ada(), NewKey { algorithm, label: " signing ".into(), token: None })
    }
}

fn ada() -> Actor {
    Actor::new(Who::User("ada".into()), "r1")
}

fn sign(key: KeyId, input: SignInput) -> SignCommand {
    SignCommand { key, input, scheme: None, encoding: None }
}

fn message() -> SignInput {
    SignInput::Message(b"pay 5 to bob".to_vec())
}

#[test]
fn every_algorithm_scheme_and_encoding_signs_and_verifies() {
    use SignatureEncoding::{Der, Raw};
    let bench = Bench::new();
    for algorithm in KeyAlgorithm::ALL {
        let key = bench.create(algorithm).unwrap();
        assert_eq!(key.schemes[0], algorithm.default_scheme());
        for scheme in key.schemes.iter().copied() {
            let encodings = match scheme {
                SignatureScheme::EcdsaSha256 => vec![None, Some(Der), Some(Raw)],
                _ => vec![None],
            };
            let inputs = match scheme.signs_digest() {
                true => vec![message(), SignInput::Digest(signing::digest_of(&message()))],
                false => vec![message()],
            };
            for (encoding, input) in
                encodings.into_iter().flat_map(|e| inputs.iter().map(move |i| (e, i.clone())))
            {
                let command = SignCommand { key: key.id, input, scheme: Some(scheme), encoding };
                let signature = bench.keys.sign(&ada(), command).unwrap();
                let valid = |input: SignInput, bytes: &[u8]| {
                    let signature = bytes.to_vec();
                    let verify =
                        VerifyCommand { key: key.id, input, signature, scheme: Some(scheme), encoding };
                    bench.keys.verify(verify).unwrap()
                };
                assert!(
                    inputs.iter().all(|input| valid(input.clone(), &signature.bytes)),
                    "{algorithm:?} {scheme:?}"
                );
                assert!(!valid(SignInput::Message(b"pay 500 to bob".to_vec()), &signature.bytes));
                for spoiled in [vec![], vec![0; 64], vec![0x30; 70], signature.bytes[1..].to_vec()] {
                    assert!(!valid(message(), &spoiled));
                }
            }
        }
    }
    assert!(bench.audit.verify().unwrap().intact);
}

#[test]
fn secp256k1_signatures_are_always_low_s() {
    let bench = Bench::new();
    let key = bench.create(KeyAlgorithm::Secp256k1).unwrap();
    // The token gives a high S about every second time.
    for number in 0_u32..32 {
        let input = SignInput::Message(number.to_be_bytes().to_vec());
        let signature = bench.keys.sign(&ada(), sign(key.id, input.clone())).unwrap();
        let raw = ecdsa_der_to_raw(&signature.bytes).unwrap();
        let mut low = raw;
        encoding::low_s(&mut low);
        assert_eq!(raw, low);
        let verify =
            VerifyCommand { key: key.id, input, signature: signature.bytes, scheme: None, encoding: None };
        assert!(bench.keys.verify(verify).unwrap());
    }
    assert_eq!(bench.catalog.loads.load(Ordering::SeqCst), 1, "signing asks memory only");
}

#[test]
fn what_does_not_fit_a_key_is_refused_with_the_field() {
    let bench = Bench::new();
    let ed25519 = bench.create(KeyAlgorithm::Ed25519).unwrap().id;
    let p256 = bench.create(KeyAlgorithm::P256).unwrap().id;
    let refused = |command: SignCommand| match bench.keys.sign(&ada(), command) {
        Err(KeyError::Unsupported { field, .. }) => field,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(sign(ed25519, SignInput::Digest([0; 32]))), "digest");
    let scheme = Some(SignatureScheme::RsaPssSha256);
    assert_eq!(refused(SignCommand { scheme, ..sign(p256, message()) }), "scheme");
    let encoding = Some(SignatureEncoding::Raw);
    assert_eq!(refused(SignCommand { encoding, ..sign(ed25519, message()) }), "encoding");
    let unknown = KeyId([1; 16]);
    assert!(
        matches!(bench.keys.sign(&ada(), sign(unknown, message())), Err(KeyError::NotFound { id }) if id == unknown)
    );
    let new = |label: &str, token: Option<&str>| {
        let new = NewKey { algorithm: KeyAlgorithm::P256, label: label.into(), token: token.map(Into::into) };
        bench.keys.create(&ada(), new).unwrap_err().to_string()
    };
    assert_eq!(new(&"x".repeat(65), None), "`label` is 65 characters long; at most 64 are allowed");
    assert_eq!(new("x", Some("tpm")), "there is no token `tpm`; there are: soft");
    bench.token.only(KeyAlgorithm::Rsa2048);
    assert_eq!(new("x", None), "`algorithm` is p256, which no token of this box makes");
    assert_eq!(new("x", Some("soft")), "`algorithm` is p256, which the token `soft` does not make");
}

#[test]
fn everything_that_happens_is_in_the_audit_log_and_told() {
    let bench = Bench::new();
    let key = bench.create(KeyAlgorithm::P256).unwrap();
    assert_eq!((key.label.as_str(), key.created_by.as_str()), ("signing", "ada"));
    bench.keys.sign(&ada(), sign(key.id, message())).unwrap();
    bench.token.fail(Some(HalErrorKind::Removed));
    bench.keys.sign(&ada(), sign(key.id, message())).unwrap_err();
    bench.token.fail(None);
    bench.keys.delete(&ada(), &key.id).unwrap();
    let id = key.id;
    assert_eq!(
        bench.audit.lines(),
        [
            format!("user:ada key.create key:{id} ok"),
            format!("user:ada key.sign key:{id} ok"),
            format!("user:ada key.sign key:{id} failed"),
            format!("user:ada key.delete key:{id} ok"),
        ]
    );
    let signed = &bench.audit.entries()[1];
    assert_eq!(signed.detail["digest"], hex::encode(signing::digest_of(&message())));
    assert_eq!(signed.request_id.as_deref(), Some("r1"));
    let events = bench.events.take();
    assert!(
        matches!(&events[0], DomainEvent::KeyCreated { label, token, .. } if label == "signing" && token == "soft")
    );
    assert_eq!(events[1], DomainEvent::KeyDeleted { key_id: id });
    assert!(matches!(bench.keys.delete(&ada(), &id), Err(KeyError::NotFound { .. })));
    assert!(bench.token.ids().is_empty() && bench.catalog.states().is_empty());
}

#[test]
fn a_signature_that_cannot_be_noted_is_not_handed_out() {
    let bench = Bench::new();
    let key = bench.create(KeyAlgorithm::P256).unwrap().id;
    bench.audit.disk.fill(true);
    let refused = bench.keys.sign(&ada(), sign(key, message()));
    assert!(matches!(refused, Err(KeyError::Audit(error)) if error.kind == StorageErrorKind::Full));
    assert!(matches!(bench.create(KeyAlgorithm::P256), Err(KeyError::Audit(_))));
    assert_eq!(bench.token.ids(), [key], "the key that could not be noted is gone again");
    assert_eq!(bench.catalog.states(), [KeyState::Ready]);
    bench.audit.disk.fill(false);
    bench.keys.sign(&ada(), sign(key, message())).unwrap();
}

#[test]
fn a_creation_that_fails_leaves_nothing() {
    let bench = Bench::new();
    bench.catalog.disk.fill(true);
    assert!(matches!(bench.create(KeyAlgorithm::P256), Err(KeyError::Store(_))));
    assert!(bench.token.ids().is_empty(), "the token was not even asked");
    bench.catalog.disk.fill(false);
    bench.token.fail(Some(HalErrorKind::Full));
    let error = bench.create(KeyAlgorithm::P256).unwrap_err();
    assert!(matches!(&error, KeyError::Token { kind: HalErrorKind::Full, .. }), "{error:?}");
    bench.token.fail(None);
    // The record stays while the token does not answer; the next start removes it.
    let after = bench.restarted();
    assert_eq!(after.keys.recover().unwrap().left, 0);
    assert!(after.catalog.states().is_empty() && after.token.ids().is_empty());
}

#[test]
fn a_power_cut_at_any_step_of_a_creation_leaves_nothing_half_made() {
    // Cut after the record: the token has no key.
    let bench = Bench::new();
    bench.create(KeyAlgorithm::P256).unwrap();
    let entry = bench.catalog.load().unwrap().remove(0);
    let half = CatalogEntry { id: KeyId([9; 16]), public_key: None, state: KeyState::Creating, ..entry };
    bench.catalog.add(&half).unwrap();
    // Cut after the token made the key, which was answered to nobody.
    let made = CatalogEntry { id: KeyId([10; 16]), ..half.clone() };
    bench.catalog.add(&made).unwrap();
    bench.token.generate(made.id, made.algorithm);
    let after = bench.restarted();
    assert_eq!(after.keys.recover().unwrap(), Recovered { ready: 1, removed: 2, left: 0 });
    assert_eq!((after.catalog.states().len(), after.token.ids().len()), (1, 1));
    assert_eq!(after.audit.lines().len(), 2);
    assert!(after.audit.lines().iter().all(|line| line.starts_with("system key.discard")));
}

#[test]
fn a_power_cut_during_a_deletion_is_finished_at_the_next_start() {
    let bench = Bench::new();
    let key = bench.create(KeyAlgorithm::P256).unwrap().id;
    bench.catalog.set_state(&key, KeyState::Deleting).unwrap();
    let after = bench.restarted();
    bench.token.fail(Some(HalErrorKind::Removed));
    assert_eq!(after.keys.recover().unwrap(), Recovered { ready: 0, removed: 0, left: 1 });
    assert!(matches!(after.keys.get(&key), Err(KeyError::NotFound { .. })), "it is in no list meanwhile");
    bench.token.fail(None);
    let after = bench.restarted();
    assert_eq!(after.keys.recover().unwrap(), Recovered { ready: 0, removed: 1, left: 0 });
    assert_eq!(after.audit.lines(), [format!("system key.delete key:{key} ok")]);
    assert!(after.token.ids().is_empty() && after.catalog.states().is_empty());
}

#[test]
fn a_deletion_that_the_token_refuses_leaves_the_key_in_use() {
    let bench = Bench::new();
    let key = bench.create(KeyAlgorithm::P256).unwrap().id;
    bench.token.fail(Some(HalErrorKind::Busy));
    let refused = bench.keys.delete(&ada(), &key);
    assert!(matches!(
        refused,
        Err(KeyError::Token { kind: HalErrorKind::Busy, operation: "delete a key", .. })
    ));
    bench.token.fail(None);
    bench.keys.sign(&ada(), sign(key, message())).unwrap();
    bench.catalog.disk.fill(true);
    assert!(matches!(bench.keys.delete(&ada(), &key), Err(KeyError::Store(_))));
    bench.catalog.disk.fill(false);
    bench.keys.delete(&ada(), &key).unwrap();
}

#[test]
fn lists_are_in_order_of_creation_and_page_by_cursor() {
    let bench = Bench::new();
    let made: Vec<_> = (0..5).map(|_| bench.create(KeyAlgorithm::Ed25519).unwrap().id).collect();
    let mut sorted = made.clone();
    sorted.sort_unstable();
    let mut seen = Vec::new();
    let mut request = PageRequest::first(2);
    loop {
        let page = bench.keys.list(request, Some("soft")).unwrap();
        seen.extend(page.items.iter().map(|key| key.id));
        match page.next_cursor {
            Some(cursor) => request = PageRequest { limit: 2, cursor: Some(cursor) },
            None => break,
        }
    }
    assert_eq!(seen, sorted);
    assert!(matches!(bench.keys.list(PageRequest::first(2), Some("x")), Err(KeyError::UnknownToken { .. })));
    let odd = PageRequest { limit: 2, cursor: Some("é".into()) };
    assert!(matches!(bench.keys.list(odd, None), Err(KeyError::Invalid { field: "cursor", .. })));
}

#[test]
fn a_key_whose_token_is_switched_off_is_listed_and_says_so() {
    let bench = Bench::new();
    let key = bench.create(KeyAlgorithm::P256).unwrap().id;
    let without = KeyService::new(
        vec![],
        Arc::new(bench.catalog.clone()),
        Arc::new(MemoryAudit::default()),
        Arc::new(Events::default()),
        Arc::new(TestClock::default()),
    );
    assert_eq!(without.recover().unwrap().ready, 1);
    assert!(without.get(&key).unwrap().schemes.is_empty());
    for error in
        [without.sign(&ada(), sign(key, message())).unwrap_err(), without.delete(&ada(), &key).unwrap_err()]
    {
        assert!(matches!(error, KeyError::Token { kind: HalErrorKind::Removed, .. }), "{error:?}");
    }
}

#[test]
fn tokens_tell_their_health_and_how_many_keys_they_hold() {
    let bench = Bench::new();
    bench.create(KeyAlgorithm::P256).unwrap();
    let status = bench.keys.tokens().remove(0);
    assert_eq!((status.name.as_str(), status.keys, status.info.model.as_str()), ("soft", 1, "software"));
    assert_eq!(status.health, hal_api::TokenHealth::Healthy);
    bench.token.fail(Some(HalErrorKind::Removed));
    let status = bench.keys.tokens().remove(0);
    assert_eq!(TokenState::of(&status.health), TokenState::Gone);
    assert_eq!(status.info.model, "software", "what it said last");
}

#[test]
fn a_token_that_is_plugged_in_later_serves_its_keys_and_one_that_is_pulled_out_is_gone() {
    let bench = Bench::new();
    let key = bench.create(KeyAlgorithm::P256).unwrap().id;
    let token = hal_api::Token::clone(&bench.keys.all_tokens()[0]);
    bench.keys.detach("soft");
    assert!(bench.keys.tokens().is_empty());
    assert_eq!(bench.keys.keys_on("soft"), 1, "its keys stay listed");
    let error = bench.keys.sign(&ada(), sign(key, message())).unwrap_err();
    assert!(matches!(error, KeyError::Token { kind: HalErrorKind::Removed, .. }), "{error:?}");
    bench.keys.attach(token.clone());
    bench.keys.attach(token);
    assert_eq!(bench.keys.tokens().len(), 1, "the same token is there once");
    assert!(bench.keys.sign(&ada(), sign(key, message())).is_ok());
}

/// A door that takes one PIN.
struct Door(&'static str);

impl TokenLogin for Door {
    fn log_in(&self, name: &str, pin: &str) -> hal_api::HalResult<()> {
        let kind = if pin.is_empty() { HalErrorKind::PinLocked } else { HalErrorKind::PinIncorrect };
        if pin == self.0 { Ok(()) } else { Err(hal_api::HalError::new(kind, format!("unlock {name}"))) }
    }
}

#[test]
fn unlocking_a_token_is_noted_and_never_with_its_pin() {
    let bench = Bench::new();
    let unlock = |name: &str, pin: &str| bench.keys.log_in(&ada(), name, pin, &Door("648219"));
    unlock("soft", "648219").unwrap();
    let wrong = unlock("soft", "111111").unwrap_err();
    assert!(matches!(&wrong, KeyError::WrongPin { token } if token == "soft"), "{wrong:?}");
    assert!(matches!(unlock("soft", ""), Err(KeyError::Token { kind: HalErrorKind::PinLocked, .. })));
    assert!(matches!(unlock("hard", "648219"), Err(KeyError::UnknownToken { .. })));
    let entries = bench.audit.page(PageRequest { limit: 10, cursor: None }).unwrap().items;
    assert_eq!(entries.len(), 3);
    let text = format!("{entries:?}");
    assert!(text.contains("token.login") && text.contains("token:soft"), "{text}");
    assert!(!text.contains("648219") && !text.contains("111111"), "{text}");
}
