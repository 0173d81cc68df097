//! The tokens that the service works with: the box's own, and those that people plug in and pull out.

use std::sync::{Arc, PoisonError};

use hal_api::{HalErrorKind, HalResult, SignatureScheme, Token};

use super::{KeyError, KeyRecord, KeyResult, KeyService};
use crate::audit::{Actor, AuditOutcome, AuditRecord};

/// Unlocks tokens that people plug in.
pub trait TokenLogin: Send + Sync {
    /// Opens the token of this name with its PIN. One that works already is not asked.
    ///
    /// # Errors
    /// `NotFound` for a token that people do not plug in, `PinIncorrect`, `PinLocked`, `Removed`; else as
    /// the device says.
    fn log_in(&self, name: &str, pin: &str) -> HalResult<()>;
}

impl KeyService {
    /// Unlocks a token with its PIN, and notes it in the audit log.
    ///
    /// # Errors
    /// `UnknownToken` also for one that was pulled out a moment ago, `WrongPin`, `Invalid` for a PIN that is
    /// never asked for, `Token`, `Audit`.
    pub fn log_in(&self, actor: &Actor, name: &str, pin: &str, door: &dyn TokenLogin) -> KeyResult<()> {
        self.known_token(name)?;
        let opened = door.log_in(name, pin);
        let outcome = if opened.is_ok() { AuditOutcome::Ok } else { AuditOutcome::Failed };
        let subject = format!("token:{name}");
        let record = AuditRecord::new(self.clock.now(), actor.clone(), "token.login", subject, outcome);
        match opened {
            Ok(()) => self.audit.append(record).map(drop).map_err(KeyError::Audit),
            Err(source) => {
                self.audit_quietly(record);
                Err(match source.kind {
                    HalErrorKind::PinIncorrect => KeyError::WrongPin { token: name.to_owned() },
                    HalErrorKind::NotFound => {
                        self.known_token(name)?;
                        let reason = "is not asked for: the box opens this token by itself".into();
                        KeyError::Invalid { field: "pin", reason }
                    }
                    _ => KeyError::token(name, "log in", source),
                })
            }
        }
    }

    /// Takes a token into use, or in place of the one of its name. New ones come last, so that the box's
    /// own stay the default.
    pub fn attach(&self, token: Token) {
        let token = Arc::new(token);
        {
            let mut tokens = self.tokens.write().unwrap_or_else(PoisonError::into_inner);
            match tokens.iter_mut().find(|old| old.name == token.name) {
                Some(old) => *old = Arc::clone(&token),
                None => tokens.push(Arc::clone(&token)),
            }
        }
        // What its keys sign with may be known only now.
        for record in self.write_ready().values_mut().filter(|record| record.token == token.name) {
            let schemes = schemes_of(Some(&token), record.algorithm);
            if record.schemes != schemes {
                *record = Arc::new(KeyRecord { schemes, ..KeyRecord::clone(record) });
            }
        }
    }

    /// Takes a token out of use. Its keys stay listed; using one fails with `Removed`.
    pub fn detach(&self, name: &str) {
        self.tokens.write().unwrap_or_else(PoisonError::into_inner).retain(|token| token.name != name);
    }

    /// How many keys of the box are on the token of this name, whether it is there or not.
    pub fn keys_on(&self, name: &str) -> usize {
        let ready = self.ready.read().unwrap_or_else(PoisonError::into_inner);
        ready.values().filter(|record| record.token == name).count()
    }

    pub(super) fn all_tokens(&self) -> Vec<Arc<Token>> {
        self.tokens.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn token(&self, name: &str) -> Option<Arc<Token>> {
        let tokens = self.tokens.read().unwrap_or_else(PoisonError::into_inner);
        tokens.iter().find(|token| token.name == name).cloned()
    }

    pub(super) fn known_token(&self, name: &str) -> KeyResult<Arc<Token>> {
        self.token(name).ok_or_else(|| KeyError::UnknownToken {
            name: name.to_owned(),
            known: self.all_tokens().iter().map(|token| token.name.clone()).collect(),
        })
    }

    /// The token that a key is on.
    pub(super) fn token_of(&self, record: &KeyRecord) -> KeyResult<Arc<Token>> {
        self.token(&record.token).ok_or_else(|| {
            let operation = format!("find token {}, which is switched off or pulled out", record.token);
            let source = hal_api::HalError::new(HalErrorKind::Removed, operation);
            KeyError::token(&record.token, "be found", source)
        })
    }
}

/// The schemes that a token signs with, the usual one first; none while there is no token.
pub(super) fn schemes_of(token: Option<&Token>, algorithm: hal_api::KeyAlgorithm) -> Vec<SignatureScheme> {
    let supported = token.map(|token| token.probe.capabilities().algorithms).unwrap_or_default();
    let support = supported.into_iter().find(|support| support.algorithm == algorithm);
    let mut schemes = support.map_or_else(Vec::new, |support| support.schemes);
    schemes.sort_by_key(|scheme| *scheme != algorithm.default_scheme());
    schemes
}
