//! Keys in memory as the port has them.

use std::sync::Arc;

use hal_api::{HalError, HalErrorKind, HalResult, KeyEntry, KeyId, KeySpec, KeyStore, PublicKey};

use crate::fault::Operation;
use crate::key::SimKey;
use crate::sim::Device;

const MAX_LABEL: usize = 128;

/// [`KeyStore`] of the simulator.
pub(crate) struct SimKeyStore(pub(crate) Arc<Device>);

impl KeyStore for SimKeyStore {
    fn generate(&self, spec: &KeySpec) -> HalResult<PublicKey> {
        let what = format!("make key {} on the simulator", spec.id);
        if spec.label.len() > MAX_LABEL {
            return Err(HalError::new(HalErrorKind::InvalidInput, what));
        }
        self.0.call(Operation::Generate, &what, |content| {
            if content.keys.contains_key(&spec.id) {
                return Err(HalError::new(HalErrorKind::AlreadyExists, &what));
            }
            let key = SimKey::generate(spec.algorithm)
                .map_err(|error| HalError::with_source(HalErrorKind::Device, &what, error))?;
            let public_key = key.public_key();
            content.keys.insert(spec.id, (key, spec.label.clone()));
            Ok(public_key)
        })
    }

    fn public_key(&self, id: &KeyId) -> HalResult<PublicKey> {
        let what = format!("read public key {id} of the simulator");
        self.0.call(Operation::PublicKey, &what, |content| match content.keys.get(id) {
            Some((key, _)) => Ok(key.public_key()),
            None => Err(HalError::new(HalErrorKind::NotFound, &what)),
        })
    }

    fn list(&self) -> HalResult<Vec<KeyEntry>> {
        self.0.call(Operation::List, "list the simulator's keys", |content| {
            let entry = |(id, (key, label)): (&KeyId, &(SimKey, String))| KeyEntry {
                id: *id,
                algorithm: key.public_key().algorithm(),
                label: label.clone(),
            };
            Ok(content.keys.iter().map(entry).collect())
        })
    }

    fn delete(&self, id: &KeyId) -> HalResult<()> {
        let what = format!("delete key {id} of the simulator");
        self.0.call(Operation::Delete, &what, |content| match content.keys.remove(id) {
            Some(_) => Ok(()),
            None => Err(HalError::new(HalErrorKind::NotFound, &what)),
        })
    }
}
