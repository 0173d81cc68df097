//! Making, finding and removing keys.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use hal_api::{HalErrorKind, KeyId, KeySpec, PinTries, PublicKey, Token, TokenInfo, TokenKind};
use jiff::Timestamp;
use uuid::{NoContext, Uuid};

use super::public_key::is_well_formed;
use super::tokens::schemes_of;
use super::{CatalogEntry, KeyCatalog, KeyError, KeyRecord, KeyResult, KeyState, NewKey, TokenStatus};
use crate::audit::{Actor, AuditLog, AuditOutcome, AuditRecord};
use crate::clock::Clock;
use crate::event::{DomainEvent, EventSink};
use crate::label::check_label;
use crate::page::{Page, PageRequest};

/// The keys of the box. Call [`KeyService::recover`] once before anything else: it reads the list.
///
/// Methods block on tokens and disk; none holds a lock over that.
pub struct KeyService {
    /// In the order in which they are chosen; see [`super::tokens`].
    pub(super) tokens: RwLock<Vec<Arc<Token>>>,
    pub(super) catalog: Arc<dyn KeyCatalog>,
    pub(super) audit: Arc<dyn AuditLog>,
    pub(super) events: Arc<dyn EventSink>,
    pub(super) clock: Arc<dyn Clock>,
    /// Every key that is ready, as the catalog has it.
    pub(super) ready: RwLock<BTreeMap<KeyId, Arc<KeyRecord>>>,
    /// What each token said of itself last.
    infos: Mutex<BTreeMap<String, TokenInfo>>,
}

impl KeyService {
    /// A service over these tokens, in the order in which they are chosen. Touches none of them yet.
    pub fn new(
        tokens: Vec<Token>,
        catalog: Arc<dyn KeyCatalog>,
        audit: Arc<dyn AuditLog>,
        events: Arc<dyn EventSink>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let tokens = RwLock::new(tokens.into_iter().map(Arc::new).collect());
        Self { tokens, catalog, audit, events, clock, ready: RwLock::default(), infos: Mutex::default() }
    }

    /// Makes a key pair inside a token.
    ///
    /// # Errors
    /// `Invalid` for a label, `UnknownToken`, `Unsupported` when the token (or none) makes keys of this
    /// algorithm, `Token`, `Store`, `Audit`. No key is left behind then, or the next start removes it.
    pub fn create(&self, actor: &Actor, new: NewKey) -> KeyResult<KeyRecord> {
        let label = check_label(&new.label).map_err(|reason| KeyError::Invalid { field: "label", reason })?;
        let token = self.token_for(&new)?;
        let now = self.clock.now();
        let entry = CatalogEntry {
            id: new_id(now),
            label,
            algorithm: new.algorithm,
            token: token.name.clone(),
            created_at: Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now),
            created_by: actor.username().to_owned(),
            public_key: None,
            state: KeyState::Creating,
        };
        self.catalog.add(&entry).map_err(KeyError::Store)?;
        let public_key = match self.generate(&token, &entry) {
            Ok(public_key) => public_key,
            Err(error) => {
                self.note_failure(actor, "key.create", &entry, &error);
                self.undo_creation(&token, &entry);
                return Err(error);
            }
        };
        let record = self.creation_record(actor, &entry, AuditOutcome::Ok);
        if let Err(error) = self.audit.append(record) {
            self.undo_creation(&token, &entry);
            return Err(KeyError::Audit(error));
        }
        if let Err(error) = self.catalog.complete(&entry.id, &public_key) {
            let error = KeyError::Store(error);
            self.note_failure(actor, "key.create", &entry, &error);
            self.undo_creation(&token, &entry);
            return Err(error);
        }
        let record = Arc::new(self.record_of(&entry, public_key));
        self.write_ready().insert(record.id, Arc::clone(&record));
        self.events.publish(DomainEvent::KeyCreated {
            key_id: record.id,
            label: record.label.clone(),
            algorithm: record.algorithm,
            token: record.token.clone(),
        });
        Ok(KeyRecord::clone(&record))
    }

    /// Keys, oldest first, those of one token where one is named.
    ///
    /// # Errors
    /// `UnknownToken`, or `Invalid` for a cursor that this list did not give.
    pub fn list(&self, request: PageRequest, token: Option<&str>) -> KeyResult<Page<KeyRecord>> {
        if let Some(name) = token {
            self.known_token(name)?;
        }
        let ready = self.ready.read().unwrap_or_else(PoisonError::into_inner);
        let after = match &request.cursor {
            None => std::ops::Bound::Unbounded,
            Some(cursor) => std::ops::Bound::Excluded(cursor.parse::<KeyId>().map_err(|_| {
                KeyError::Invalid { field: "cursor", reason: "is not one that this list gave".into() }
            })?),
        };
        let length = request.length();
        let items: Vec<KeyRecord> = ready
            .range((after, std::ops::Bound::Unbounded))
            .map(|(_, record)| record)
            .filter(|record| token.is_none_or(|name| record.token == name))
            .take(length.saturating_add(1))
            .map(|record| KeyRecord::clone(record))
            .collect();
        Ok(Page::cut(items, length, |record| record.id.to_string()))
    }

    /// One key.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn get(&self, id: &KeyId) -> KeyResult<KeyRecord> {
        self.find(id).map(|record| KeyRecord::clone(&record))
    }

    /// Destroys a key pair. What was signed with it stays valid.
    ///
    /// # Errors
    /// `NotFound`, `Token` (the key stays), `Store`, `Audit` (the key may be gone; the next start
    /// finishes and notes it).
    pub fn delete(&self, actor: &Actor, id: &KeyId) -> KeyResult<()> {
        let record = self.find(id)?;
        let token = self.token_of(&record)?;
        // Of two who delete at once, one goes on and the other is told that it is gone.
        if self.write_ready().remove(id).is_none() {
            return Err(KeyError::NotFound { id: *id });
        }
        if let Err(error) = self.catalog.set_state(id, KeyState::Deleting) {
            self.write_ready().insert(*id, record);
            return Err(KeyError::Store(error));
        }
        if let Err(source) = delete_on(&token, id) {
            let error = KeyError::token(&token.name, "delete a key", source);
            self.audit_quietly(self.key_record(actor, "key.delete", &record, AuditOutcome::Failed));
            match self.catalog.set_state(id, KeyState::Ready) {
                Ok(()) => drop(self.write_ready().insert(*id, record)),
                Err(error) => tracing::error!(key = %id, %error, "a key stays marked for deletion"),
            }
            return Err(error);
        }
        let entry = self.key_record(actor, "key.delete", &record, AuditOutcome::Ok);
        self.audit.append(entry).map_err(KeyError::Audit)?;
        self.events.publish(DomainEvent::KeyDeleted { key_id: *id });
        self.catalog.remove(id).map_err(KeyError::Store)
    }

    /// The tokens: what they are, what they can do, how they are. Asks every device.
    pub fn tokens(&self) -> Vec<TokenStatus> {
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for record in self.ready.read().unwrap_or_else(PoisonError::into_inner).values() {
            *counts.entry(record.token.clone()).or_default() += 1;
        }
        let status = |token: &Arc<Token>| TokenStatus {
            name: token.name.clone(),
            info: self.info_of(token),
            capabilities: token.probe.capabilities(),
            seals: token.sealer.is_some(),
            attests: token.attester.is_some(),
            health: token.probe.health(),
            keys: counts.get(&token.name).copied().unwrap_or(0),
        };
        self.all_tokens().iter().map(status).collect()
    }

    fn info_of(&self, token: &Token) -> TokenInfo {
        let info = token.probe.info();
        let mut infos = self.infos.lock().unwrap_or_else(PoisonError::into_inner);
        match info {
            Ok(info) => {
                infos.insert(token.name.clone(), info.clone());
                info
            }
            Err(error) => {
                tracing::warn!(
                    token = token.name,
                    error = &error as &dyn std::error::Error,
                    "a token is silent"
                );
                infos.get(&token.name).cloned().unwrap_or_else(|| silent_token(token))
            }
        }
    }

    fn generate(&self, token: &Token, entry: &CatalogEntry) -> KeyResult<PublicKey> {
        let spec = KeySpec { id: entry.id, algorithm: entry.algorithm, label: entry.label.clone() };
        let made = token.keys.generate(&spec).and_then(|public_key| {
            if is_well_formed(&public_key) && public_key.algorithm() == entry.algorithm {
                return Ok(public_key);
            }
            let operation = format!("read the public half of key {}", entry.id);
            Err(hal_api::HalError::new(HalErrorKind::Device, operation))
        });
        made.map_err(|source| KeyError::token(&token.name, "make a key", source))
    }

    /// Removes what a failed creation may have left. What cannot be removed stays in the catalog as
    /// `creating`, for [`KeyService::recover`].
    fn undo_creation(&self, token: &Token, entry: &CatalogEntry) {
        match delete_on(token, &entry.id) {
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(key = %entry.id, token = token.name, error, "a key that failed stays until the next start");
            }
            Ok(()) => {
                if let Err(error) = self.catalog.remove(&entry.id) {
                    tracing::warn!(key = %entry.id, %error, "the record of a key that failed stays until the next start");
                }
            }
        }
    }

    /// The token for a new key.
    fn token_for(&self, new: &NewKey) -> KeyResult<Arc<Token>> {
        let makes = |token: &Arc<Token>| token.probe.capabilities().has_algorithm(new.algorithm);
        let algorithm = new.algorithm.name();
        match &new.token {
            Some(name) => {
                let token = self.known_token(name)?;
                Some(token).filter(makes).ok_or_else(|| KeyError::Unsupported {
                    field: "algorithm",
                    reason: format!("is {algorithm}, which the token `{name}` does not make"),
                })
            }
            None => self.all_tokens().into_iter().find(makes).ok_or_else(|| KeyError::Unsupported {
                field: "algorithm",
                reason: format!("is {algorithm}, which no token of this box makes"),
            }),
        }
    }

    pub(super) fn find(&self, id: &KeyId) -> KeyResult<Arc<KeyRecord>> {
        let ready = self.ready.read().unwrap_or_else(PoisonError::into_inner);
        ready.get(id).cloned().ok_or(KeyError::NotFound { id: *id })
    }

    pub(super) fn write_ready(&self) -> std::sync::RwLockWriteGuard<'_, BTreeMap<KeyId, Arc<KeyRecord>>> {
        self.ready.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The key as people see it, its schemes as its token has them.
    pub(super) fn record_of(&self, entry: &CatalogEntry, public_key: PublicKey) -> KeyRecord {
        let schemes = schemes_of(self.token(&entry.token).as_deref(), entry.algorithm);
        KeyRecord {
            id: entry.id,
            label: entry.label.clone(),
            algorithm: entry.algorithm,
            token: entry.token.clone(),
            created_at: entry.created_at,
            created_by: entry.created_by.clone(),
            schemes,
            public_key,
        }
    }

    fn creation_record(&self, actor: &Actor, entry: &CatalogEntry, outcome: AuditOutcome) -> AuditRecord {
        AuditRecord::new(self.clock.now(), actor.clone(), "key.create", subject(&entry.id), outcome)
            .with("algorithm", entry.algorithm.name())
            .with("label", &entry.label)
            .with("token", &entry.token)
    }

    fn key_record(
        &self,
        actor: &Actor,
        action: &'static str,
        record: &KeyRecord,
        outcome: AuditOutcome,
    ) -> AuditRecord {
        AuditRecord::new(self.clock.now(), actor.clone(), action, subject(&record.id), outcome)
            .with("algorithm", record.algorithm.name())
            .with("label", &record.label)
            .with("token", &record.token)
    }

    fn note_failure(&self, actor: &Actor, action: &'static str, entry: &CatalogEntry, error: &KeyError) {
        let mut record =
            self.creation_record(actor, entry, AuditOutcome::Failed).with("reason", error.to_string());
        record.action = action;
        self.audit_quietly(record);
    }

    /// Notes a failure. Nothing was handed out, so a log that cannot be written changes no answer.
    pub(super) fn audit_quietly(&self, record: AuditRecord) {
        let action = record.action;
        if let Err(error) = self.audit.append(record) {
            tracing::error!(
                action,
                error = &error as &dyn std::error::Error,
                "cannot note a failure in the audit log"
            );
        }
    }
}

/// Deletes a key; one that is gone already is deleted.
pub(super) fn delete_on(token: &Token, id: &KeyId) -> hal_api::HalResult<()> {
    match token.keys.delete(id) {
        Err(error) if error.kind == HalErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// A key as the audit log names it.
pub(super) fn subject(id: &KeyId) -> String {
    format!("key:{id}")
}

/// A UUIDv7 (RFC 9562, section 5.7): ids ascend with time, so lists are in order of creation.
fn new_id(now: Timestamp) -> KeyId {
    let seconds = u64::try_from(now.as_second()).unwrap_or(0);
    let nanoseconds = u32::try_from(now.subsec_nanosecond()).unwrap_or(0);
    KeyId(Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, seconds, nanoseconds)).into_bytes())
}

/// What can be said of a token that never answered.
fn silent_token(token: &Token) -> TokenInfo {
    TokenInfo {
        kind: if token.attester.is_some() { TokenKind::Tpm } else { TokenKind::Pkcs11 },
        label: String::new(),
        manufacturer: String::new(),
        model: String::new(),
        serial: String::new(),
        firmware: String::new(),
        mechanisms: Vec::new(),
        pin_tries: PinTries::Untold,
    }
}
