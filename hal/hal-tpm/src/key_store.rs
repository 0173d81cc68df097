//! Making, listing and removing keys.

use std::sync::Arc;

use hal_api::{HalError, HalErrorKind, HalResult, KeyEntry, KeyId, KeySpec, KeyStore, PublicKey};
use tss_esapi::interface_types::session_handles::AuthSession;
use tss_esapi::structures::Public;
use tss_esapi::traits::{Marshall as _, UnMarshall as _};

use crate::error_map::hal_error;
use crate::key_folder::StoredKey;
use crate::open::Device;
use crate::public_area;

/// The longest label in bytes, as [`KeySpec`] has it.
const MAX_LABEL: usize = 128;

/// [`KeyStore`] over a TPM and its key folder.
pub(crate) struct TpmKeyStore(pub(crate) Arc<Device>);

impl KeyStore for TpmKeyStore {
    fn generate(&self, spec: &KeySpec) -> HalResult<PublicKey> {
        let operation = format!("make {} key {} on the TPM", spec.algorithm.name(), spec.id);
        if spec.label.len() > MAX_LABEL {
            return Err(HalError::new(HalErrorKind::InvalidInput, operation));
        }
        let Some(template) = public_area::signing(spec.algorithm) else {
            return Err(HalError::new(HalErrorKind::Unsupported, operation));
        };
        let template = template.map_err(|error| hal_error(operation.clone(), error))?;
        let (device, spec, name) = (Arc::clone(&self.0), spec.clone(), operation.clone());
        // All on the TPM's thread, so that an id is not given away twice.
        self.0.actor.call(operation, move |connection| {
            if device.keys.is_taken(&spec.id) {
                return Err(HalError::new(HalErrorKind::AlreadyExists, name.clone()).into());
            }
            // Making a key takes a place in some TPMs although nothing stays loaded.
            connection.make_room()?;
            let primary = connection.primary();
            let made = connection.context.execute_with_session(Some(AuthSession::Password), |context| {
                context.create(primary, template.clone(), None, None, None, None)
            })?;
            let public_key = public_area::plain(&made.out_public)?;
            let stored =
                StoredKey::new(&spec, made.out_public.marshall()?, made.out_private.value().to_vec());
            device.keys.add(stored).map_err(|error| write_error(&name, error))?;
            Ok(public_key)
        })
    }

    fn public_key(&self, id: &KeyId) -> HalResult<PublicKey> {
        let operation = format!("read public key {id} of the TPM");
        self.0.actor.check_open(&operation)?;
        let Some(key) = self.0.keys.get(id) else {
            return Err(HalError::new(HalErrorKind::NotFound, operation));
        };
        Public::unmarshall(&key.public)
            .and_then(|public| public_area::plain(&public))
            .map_err(|error| hal_error(operation, error))
    }

    fn list(&self) -> HalResult<Vec<KeyEntry>> {
        self.0.actor.check_open("list the TPM's keys")?;
        Ok(self.0.keys.entries())
    }

    fn delete(&self, id: &KeyId) -> HalResult<()> {
        let operation = format!("delete key {id} of the TPM");
        let (device, id, name) = (Arc::clone(&self.0), *id, operation.clone());
        let removed = self.0.actor.call(operation.clone(), move |connection| {
            connection.unload(&id)?;
            Ok(device.keys.remove(&id).map_err(|error| write_error(&name, error))?)
        })?;
        if removed { Ok(()) } else { Err(HalError::new(HalErrorKind::NotFound, operation)) }
    }
}

fn write_error(operation: &str, error: std::io::Error) -> HalError {
    let full = error.kind() == std::io::ErrorKind::StorageFull;
    let kind = if full { HalErrorKind::Full } else { HalErrorKind::Device };
    HalError::with_source(kind, operation, error)
}
