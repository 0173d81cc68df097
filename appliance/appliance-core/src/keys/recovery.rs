//! Finishing what a power cut left half done.

use super::service::delete_on;
use super::{CatalogEntry, KeyError, KeyResult, KeyService, KeyState};
use crate::audit::{Actor, AuditOutcome, AuditRecord};

/// What [`KeyService::recover`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Keys that are ready.
    pub ready: u64,
    /// Half-made or half-deleted keys that are gone now.
    pub removed: u64,
    /// Those that could not be removed yet, as their token is switched off or failed. They are in no
    /// list; the next start tries again.
    pub left: u64,
}

impl KeyService {
    /// Reads the list of keys, and removes what was being made or deleted when the service last
    /// stopped. Call it once, before anything else.
    ///
    /// # Errors
    /// `Store` when the list cannot be read.
    pub fn recover(&self) -> KeyResult<Recovered> {
        let mut recovered = Recovered::default();
        for entry in self.catalog.load().map_err(KeyError::Store)? {
            match (entry.state, &entry.public_key) {
                (KeyState::Ready, Some(public_key)) => {
                    let record = self.record_of(&entry, public_key.clone());
                    self.write_ready().insert(record.id, record.into());
                    recovered.ready += 1;
                }
                _ if self.finish_removal(&entry) => recovered.removed += 1,
                _ => recovered.left += 1,
            }
        }
        Ok(recovered)
    }

    fn finish_removal(&self, entry: &CatalogEntry) -> bool {
        let Some(token) = self.token(&entry.token) else {
            tracing::warn!(key = %entry.id, token = entry.token, "a half-made key waits for its token");
            return false;
        };
        if let Err(error) = delete_on(&token, &entry.id) {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(key = %entry.id, token = token.name, error, "a half-made key cannot be removed yet");
            return false;
        }
        let (action, reason) = match entry.state {
            KeyState::Deleting => ("key.delete", "the service stopped while it was being deleted"),
            _ => ("key.discard", "the service stopped while it was being made"),
        };
        let subject = super::service::subject(&entry.id);
        let record = AuditRecord::new(self.clock.now(), Actor::system(), action, subject, AuditOutcome::Ok)
            .with("algorithm", entry.algorithm.name())
            .with("label", &entry.label)
            .with("token", &entry.token)
            .with("reason", reason);
        let noted = self.audit.append(record).and_then(|_| self.catalog.remove(&entry.id));
        if let Err(error) = &noted {
            tracing::warn!(key = %entry.id, error = error as &dyn std::error::Error, "a half-made key stays listed inside");
        }
        noted.is_ok()
    }
}
