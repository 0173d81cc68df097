//! Finding the objects of a key pair, once per login.

use std::sync::Arc;

use cryptoki::error::Error;
use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use hal_api::{HalError, HalErrorKind, KeyAlgorithm, KeyEntry, KeyId};

use crate::device::{CachedKey, Device, StepError, check_logged_in};
use crate::{key_template, public_key};

/// One half's attributes, as far as the box reads them.
pub(crate) struct ReadKey {
    pub(crate) id: Option<KeyId>,
    pub(crate) algorithm: Option<KeyAlgorithm>,
    pub(crate) label: String,
}

/// The objects of a key's halves. Normally one each; several only where other programs reused the id.
pub(crate) fn halves(session: &Session, class: ObjectClass, id: &KeyId) -> Result<Vec<ObjectHandle>, Error> {
    session.find_objects(&key_template::find_half(class, id))
}

/// Id, algorithm and label of a key object.
pub(crate) fn read(session: &Session, object: ObjectHandle) -> Result<ReadKey, Error> {
    let wanted = [AttributeType::Id, AttributeType::Label, AttributeType::KeyType, AttributeType::EcParams];
    let (mut id, mut label, mut key_type, mut params) = (None, String::new(), None, None);
    for attribute in session.get_attributes(object, &wanted)? {
        match attribute {
            Attribute::Id(value) => id = value.try_into().ok().map(KeyId),
            Attribute::Label(value) => label = String::from_utf8_lossy(&value).into_owned(),
            Attribute::KeyType(value) => key_type = Some(value),
            Attribute::EcParams(value) => params = Some(value),
            _ => {}
        }
    }
    let algorithm = key_type.and_then(|key_type| key_template::algorithm_of(key_type, params.as_deref()));
    Ok(ReadKey { id, algorithm, label })
}

impl ReadKey {
    /// As a listing shows it; `None` for a key the box did not make.
    pub(crate) fn entry(self) -> Option<KeyEntry> {
        Some(KeyEntry { id: self.id?, algorithm: self.algorithm?, label: self.label })
    }
}

/// The key's handles and public half, from the cache or the token.
pub(crate) fn find(
    device: &Device,
    session: &Session,
    generation: u64,
    id: &KeyId,
) -> Result<Arc<CachedKey>, StepError> {
    if let Some(key) = device.cached(generation, id) {
        return Ok(key);
    }
    let private =
        *halves(session, ObjectClass::PRIVATE_KEY, id)?.first().ok_or_else(|| absent(device, session, id))?;
    let public =
        *halves(session, ObjectClass::PUBLIC_KEY, id)?.first().ok_or_else(|| absent(device, session, id))?;
    let algorithm = read(session, private)?.algorithm.ok_or_else(|| absent(device, session, id))?;
    let key = Arc::new(CachedKey { private, public_key: public_key::read(session, public, algorithm)? });
    device.remember(generation, *id, Arc::clone(&key));
    Ok(key)
}

/// Why a search found nothing: no such key, or a log-in that somebody else ended, after which private
/// objects are invisible.
fn absent(device: &Device, session: &Session, id: &KeyId) -> StepError {
    match check_logged_in(session) {
        Err(error) => StepError::Module(error),
        Ok(()) => {
            let operation = format!("find key {id} on token \"{}\"", device.pool.label());
            StepError::Port(HalError::new(HalErrorKind::NotFound, operation))
        }
    }
}
