//! The store's ports in memory, and a token of software keys.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;

use appliance_core::access::{
    AccessSnapshot, AccessStore, ApiKeyRecord, SecretHash, SessionRecord, Touch, UserRecord,
};
use appliance_core::audit::{AuditEntry, AuditLog, AuditRecord, ChainReport, GENESIS, verify_chain};
use appliance_core::keys::{
    Begun, CatalogEntry, Idempotency, IdempotentRequest, KeyCatalog, KeyState, StoredAnswer,
};
use appliance_core::page::{Page, PageRequest};
use appliance_core::storage::{StorageError, StorageErrorKind, StorageResult};
use aws_lc_rs::digest::{Digest, SHA256};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use hal_api::{
    AlgorithmSupport, Capabilities, HalError, HalErrorKind, HalResult, KeyAlgorithm, KeyEntry, KeyId,
    KeySpec, KeyStore, PublicKey, SignRequest, SignatureScheme, Signer, TokenHealth, TokenInfo, TokenKind,
    TokenProbe,
};
use jiff::Timestamp;

#[derive(Default)]
pub(crate) struct MemoryAudit(Mutex<Vec<AuditEntry>>);

impl AuditLog for MemoryAudit {
    fn append(&self, record: AuditRecord) -> StorageResult<AuditEntry> {
        let mut entries = self.0.lock().unwrap();
        let previous = entries.last().map_or(GENESIS, |entry| entry.hash);
        let entry = AuditEntry::chain(record, entries.len() as u64 + 1, previous);
        entries.push(entry.clone());
        Ok(entry)
    }

    fn page(&self, request: PageRequest) -> StorageResult<Page<AuditEntry>> {
        let invalid = |_| StorageError::new(StorageErrorKind::InvalidCursor, "read the audit log");
        let below =
            request.cursor.as_ref().map(|cursor| cursor.parse::<u64>()).transpose().map_err(invalid)?;
        let entries = self.0.lock().unwrap();
        let wanted = entries.iter().rev().filter(|entry| below.is_none_or(|below| entry.sequence < below));
        let items = wanted.take(request.length() + 1).cloned().collect();
        Ok(Page::cut(items, request.length(), |entry| entry.sequence.to_string()))
    }

    fn verify(&self) -> StorageResult<ChainReport> {
        Ok(verify_chain(self.0.lock().unwrap().iter()))
    }
}

#[derive(Default)]
pub(crate) struct MemoryCatalog;

impl KeyCatalog for MemoryCatalog {
    fn load(&self) -> StorageResult<Vec<CatalogEntry>> {
        Ok(vec![])
    }

    fn add(&self, _: &CatalogEntry) -> StorageResult<()> {
        Ok(())
    }

    fn complete(&self, _: &KeyId, _: &PublicKey) -> StorageResult<()> {
        Ok(())
    }

    fn set_state(&self, _: &KeyId, _: KeyState) -> StorageResult<()> {
        Ok(())
    }

    fn remove(&self, _: &KeyId) -> StorageResult<()> {
        Ok(())
    }
}

#[derive(Default)]
pub(crate) struct MemoryAccess;

impl AccessStore for MemoryAccess {
    fn load(&self) -> StorageResult<AccessSnapshot> {
        Ok(AccessSnapshot::default())
    }

    fn add_user(&self, _: &UserRecord) -> StorageResult<()> {
        Ok(())
    }

    fn add_session(&self, _: &SessionRecord) -> StorageResult<()> {
        Ok(())
    }

    fn remove_sessions(&self, _: &[SecretHash]) -> StorageResult<()> {
        Ok(())
    }

    fn add_api_key(&self, _: &ApiKeyRecord) -> StorageResult<()> {
        Ok(())
    }

    fn remove_api_key(&self, _: &str) -> StorageResult<()> {
        Ok(())
    }

    fn touch(&self, _: Touch) {}
}

type Answers = HashMap<(String, String), (IdempotentRequest, Option<StoredAnswer>)>;

#[derive(Default)]
pub(crate) struct MemoryIdempotency(Mutex<Answers>);

fn name(request: &IdempotentRequest) -> (String, String) {
    (request.actor.clone(), request.key.clone())
}

impl Idempotency for MemoryIdempotency {
    fn begin(&self, request: &IdempotentRequest, _: Timestamp) -> StorageResult<Begun> {
        let mut answers = self.0.lock().unwrap();
        Ok(match answers.get(&name(request)) {
            None => {
                answers.insert(name(request), (request.clone(), None));
                Begun::New
            }
            Some((known, _)) if known != request => Begun::Reused,
            Some((_, None)) => Begun::InProgress,
            Some((_, Some(answer))) => Begun::Done(answer.clone()),
        })
    }

    fn finish(&self, request: &IdempotentRequest, answer: &StoredAnswer) -> StorageResult<()> {
        self.0.lock().unwrap().insert(name(request), (request.clone(), Some(answer.clone())));
        Ok(())
    }

    fn abandon(&self, request: &IdempotentRequest) -> StorageResult<()> {
        self.0.lock().unwrap().remove(&name(request));
        Ok(())
    }
}

/// A token that makes and signs with P-256 keys in this process.
#[derive(Default)]
pub(crate) struct SoftwareToken(Mutex<BTreeMap<KeyId, EcdsaKeyPair>>);

impl TokenProbe for SoftwareToken {
    fn info(&self) -> HalResult<TokenInfo> {
        Ok(TokenInfo {
            kind: TokenKind::Simulator,
            label: "software".into(),
            manufacturer: "test".into(),
            model: "double".into(),
            serial: "1".into(),
            firmware: "1.0".into(),
            mechanisms: vec!["CKM_ECDSA".into()],
            pin_tries: hal_api::PinTries::Untold,
        })
    }

    fn capabilities(&self) -> Capabilities {
        let schemes = vec![SignatureScheme::EcdsaSha256];
        let algorithms = vec![AlgorithmSupport { algorithm: KeyAlgorithm::P256, schemes }];
        Capabilities { algorithms, seals_to_pcrs: false }
    }

    fn health(&self) -> TokenHealth {
        TokenHealth::Healthy
    }

    fn close(&self) {}
}

impl KeyStore for SoftwareToken {
    fn generate(&self, spec: &KeySpec) -> HalResult<PublicKey> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let point = pair.public_key().as_ref().to_vec();
        self.0.lock().unwrap().insert(spec.id, pair);
        Ok(PublicKey::P256 { point })
    }

    fn public_key(&self, id: &KeyId) -> HalResult<PublicKey> {
        let keys = self.0.lock().unwrap();
        let pair = keys.get(id).ok_or_else(|| HalError::new(HalErrorKind::NotFound, "find a key"))?;
        Ok(PublicKey::P256 { point: pair.public_key().as_ref().to_vec() })
    }

    fn list(&self) -> HalResult<Vec<KeyEntry>> {
        Ok(vec![])
    }

    fn delete(&self, id: &KeyId) -> HalResult<()> {
        self.0.lock().unwrap().remove(id);
        Ok(())
    }
}

impl Signer for SoftwareToken {
    fn sign(&self, request: &SignRequest) -> HalResult<Vec<u8>> {
        let keys = self.0.lock().unwrap();
        let pair = keys.get(&request.key).ok_or_else(|| HalError::new(HalErrorKind::Removed, "sign"))?;
        let digest = Digest::import_less_safe(&request.payload, &SHA256).unwrap();
        Ok(pair.sign_digest(&digest).unwrap().as_ref().to_vec())
    }
}
