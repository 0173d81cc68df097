//! Making, listing and removing key pairs.

use std::sync::{Arc, PoisonError};

use cryptoki::error::Error;
use cryptoki::object::{Attribute, ObjectClass};
use cryptoki::session::Session;
use hal_api::{HalError, HalErrorKind, HalResult, KeyEntry, KeyId, KeySpec, KeyStore, PublicKey};

use crate::device::{CachedKey, Device};
use crate::error_map::handle_is_stale;
use crate::{key_template, object, public_key};

/// The longest label in bytes, as [`KeySpec`] has it.
const MAX_LABEL: usize = 128;

/// [`KeyStore`] over a PKCS#11 token.
pub(crate) struct Pkcs11KeyStore(pub(crate) Arc<Device>);

impl KeyStore for Pkcs11KeyStore {
    fn generate(&self, spec: &KeySpec) -> HalResult<PublicKey> {
        let operation = || {
            let (algorithm, label) = (spec.algorithm.name(), self.0.pool.label());
            format!("make {algorithm} key {} on token \"{label}\"", spec.id)
        };
        if spec.label.len() > MAX_LABEL {
            return Err(HalError::new(HalErrorKind::InvalidInput, operation()));
        }
        if !self.0.capabilities.has_algorithm(spec.algorithm) {
            return Err(HalError::new(HalErrorKind::Unsupported, operation()));
        }
        let _one_at_a_time = self.0.making.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.run_once(operation, |session, generation| {
            if exists(session, &spec.id)? {
                return Err(HalError::new(HalErrorKind::AlreadyExists, operation()).into());
            }
            match make(session, spec) {
                Ok(key) => {
                    let public_key = key.public_key.clone();
                    self.0.remember(generation, spec.id, Arc::new(key));
                    Ok(public_key)
                }
                Err(error) => {
                    // The id was free a moment ago, so whatever bears it now is half a key.
                    if let Err(error) = remove(session, &spec.id) {
                        tracing::error!(key = %spec.id, %error, "half a key may remain on the token");
                    }
                    Err(error.into())
                }
            }
        })
    }

    fn public_key(&self, id: &KeyId) -> HalResult<PublicKey> {
        let operation = || format!("read public key {id} on token \"{}\"", self.0.pool.label());
        self.0.run(operation, |session, generation| {
            Ok(object::find(&self.0, session, generation, id)?.public_key.clone())
        })
    }

    fn list(&self) -> HalResult<Vec<KeyEntry>> {
        let operation = || format!("list keys on token \"{}\"", self.0.pool.label());
        self.0.run_logged_in(operation, |session, _| {
            let template = [Attribute::Class(ObjectClass::PRIVATE_KEY), Attribute::Token(true)];
            let mut entries = Vec::new();
            for handle in session.find_objects(&template)? {
                match object::read(session, handle) {
                    Ok(key) => entries.extend(key.entry()),
                    // Deleted by another call since the search.
                    Err(error) if handle_is_stale(&error) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            entries.sort_by_key(|entry| entry.id);
            Ok(entries)
        })
    }

    fn delete(&self, id: &KeyId) -> HalResult<()> {
        let operation = || format!("delete key {id} on token \"{}\"", self.0.pool.label());
        let removed = self.0.run_once(operation, |session, _| {
            self.0.forget(id);
            Ok(remove(session, id)?)
        });
        // A call that was under way may have put the handle back.
        self.0.forget(id);
        if removed? { Ok(()) } else { Err(HalError::new(HalErrorKind::NotFound, operation())) }
    }
}

fn exists(session: &Session, id: &KeyId) -> Result<bool, Error> {
    Ok(!object::halves(session, ObjectClass::PRIVATE_KEY, id)?.is_empty()
        || !object::halves(session, ObjectClass::PUBLIC_KEY, id)?.is_empty())
}

fn make(session: &Session, spec: &KeySpec) -> Result<CachedKey, Error> {
    let (mechanism, public, private) = key_template::key_pair(spec.algorithm, &spec.id, &spec.label, true);
    let (public, private) = session.generate_key_pair(&mechanism, &public, &private)?;
    Ok(CachedKey { private, public_key: public_key::read(session, public, spec.algorithm)? })
}

/// Removes every object of the pair, the private half first; whether there was one.
fn remove(session: &Session, id: &KeyId) -> Result<bool, Error> {
    let mut removed = false;
    for class in [ObjectClass::PRIVATE_KEY, ObjectClass::PUBLIC_KEY] {
        for handle in object::halves(session, class, id)? {
            match session.destroy_object(handle) {
                Ok(()) => removed = true,
                // Another call removed it in between.
                Err(error) if handle_is_stale(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(removed)
}

/// Whether the token makes keys on a curve: a pair of the session's life, since mechanism lists name no
/// curves (PKCS#11 v3.1, section 6.3.1).
pub(crate) fn can_make(session: &Session, algorithm: hal_api::KeyAlgorithm) -> bool {
    let (mechanism, public, private) = key_template::key_pair(algorithm, &KeyId([0; 16]), "probe", false);
    match session.generate_key_pair(&mechanism, &public, &private) {
        Ok((public, private)) => {
            for handle in [private, public] {
                // It dies with the session anyway.
                if let Err(error) = session.destroy_object(handle) {
                    tracing::debug!(%error, "a probe key stays until its session ends");
                }
            }
            true
        }
        Err(_) => false,
    }
}
