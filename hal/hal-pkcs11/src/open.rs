//! Opening a token: module, slot, log-in, and what it can do.

use std::sync::Arc;

use cryptoki::error::{Error, RvError};
use cryptoki::session::UserType;
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use hal_api::{KeyAlgorithm, Sealer, Token};

use crate::config::{NewToken, OpenError, Pkcs11Config};
use crate::device::Device;
use crate::key_store::{Pkcs11KeyStore, can_make};
use crate::mechanism;
use crate::module::Module;
use crate::pool::{Login, Pool, find_slot};
use crate::probe::Pkcs11Probe;
use crate::sealer::Pkcs11Sealer;
use crate::signer::Pkcs11Signer;

/// `CK_TOKEN_INFO.label` has this many bytes.
const MAX_TOKEN_LABEL: usize = 32;

/// Opens a token and logs in.
///
/// Blocks for as long as the module takes. Call [`hal_api::TokenProbe::close`] before the process ends.
///
/// # Errors
/// See [`OpenError`]; each names the module or the token's label.
pub fn open(config: Pkcs11Config) -> Result<Token, OpenError> {
    let label = config.token_label.clone();
    let wrong = |problem| OpenError::Config { label: label.clone(), problem };
    if label.is_empty() || label.len() > MAX_TOKEN_LABEL || label.trim() != label {
        return Err(wrong("a label has 1 to 32 bytes and no space at its ends"));
    }
    if config.max_sessions == 0 {
        return Err(wrong("max_sessions must be at least 1"));
    }
    let mut module = Module::load(&config.module)?;
    let serial = config.token_serial.clone();
    if !module.claim(&label, serial.as_deref()) {
        return Err(wrong("this process has opened the token already"));
    }
    let failed = |step: &'static str| {
        let label = label.clone();
        move |source| OpenError::Token { step, label, source }
    };
    let slot = match find_slot(&module, &label, serial.as_deref()).map_err(failed("look for the slot"))? {
        Some(slot) => slot,
        None => make_token(&module, &config)?,
    };
    let mechanisms = module.pkcs11.get_mechanism_list(slot).map_err(failed("list the mechanisms"))?;
    let login = Login {
        label: label.clone(),
        serial,
        max_sessions: config.max_sessions,
        busy_wait: config.busy_wait,
    };
    let pool = Pool::open(module, slot, login, config.pin).map_err(|source| log_in_error(&label, source))?;
    let has_secp256k1 =
        pool.lease().map(|lease| can_make(lease.session(), KeyAlgorithm::Secp256k1)).unwrap_or_default();
    let capabilities = mechanism::capabilities(&mechanisms, has_secp256k1);
    let device = Arc::new(Device::new(pool, capabilities));
    let sealer = mechanism::can_seal(&mechanisms)
        .then(|| Arc::new(Pkcs11Sealer::new(Arc::clone(&device))) as Arc<dyn Sealer>);
    Ok(Token {
        name: config.name,
        probe: Arc::new(Pkcs11Probe(Arc::clone(&device))),
        keys: Arc::new(Pkcs11KeyStore(Arc::clone(&device))),
        signer: Arc::new(Pkcs11Signer(device)),
        sealer,
        attester: None,
    })
}

pub(crate) fn log_in_error(label: &str, source: Error) -> OpenError {
    let label = label.to_owned();
    match source {
        // A PIN of a length the token never takes is as wrong as any other.
        Error::Pkcs11(RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange, _) => {
            OpenError::PinIncorrect { label }
        }
        Error::Pkcs11(RvError::PinLocked, _) => OpenError::PinLocked { label },
        source => OpenError::Token { step: "log in", label, source },
    }
}

/// Makes the token in the first slot that has none, and returns its slot, which may be another then.
fn make_token(module: &Module, config: &Pkcs11Config) -> Result<Slot, OpenError> {
    let (path, label) = (&config.module, &config.token_label);
    let Some(new) = &config.create_if_missing else {
        return Err(OpenError::TokenNotFound { module: path.clone(), label: label.clone() });
    };
    let failed =
        |source| OpenError::CreateToken { module: path.clone(), label: label.clone(), source: Some(source) };
    let mut blank = None;
    for slot in module.pkcs11.get_slots_with_token().map_err(failed)? {
        if !module.pkcs11.get_token_info(slot).map_err(failed)?.token_initialized() {
            blank = Some(slot);
            break;
        }
    }
    let Some(blank) = blank else {
        return Err(OpenError::CreateToken { module: path.clone(), label: label.clone(), source: None });
    };
    initialise(module, blank, config, new).map_err(failed)?;
    find_slot(module, label, None)
        .map_err(failed)?
        .ok_or_else(|| OpenError::TokenNotFound { module: path.clone(), label: label.clone() })
}

fn initialise(module: &Module, blank: Slot, config: &Pkcs11Config, new: &NewToken) -> Result<(), Error> {
    let so_pin = AuthPin::from(new.so_pin.as_str().to_owned());
    module.pkcs11.init_token(blank, &so_pin, &config.token_label)?;
    let slot = find_slot(module, &config.token_label, None)?.unwrap_or(blank);
    let session = module.pkcs11.open_rw_session(slot)?;
    session.login(UserType::So, Some(&so_pin))?;
    session.init_pin(&AuthPin::from(config.pin.as_str().to_owned()))?;
    session.logout()
}

#[cfg(test)]
mod tests {
    use cryptoki::context::Function;
    use hal_api::HalErrorKind;

    use super::*;

    #[test]
    fn wrong_and_locked_pins_are_told_apart() {
        for (code, kind, text) in [
            (RvError::PinIncorrect, HalErrorKind::PinIncorrect, "wrong PIN for token \"box\""),
            (RvError::PinLenRange, HalErrorKind::PinIncorrect, "wrong PIN for token \"box\""),
            (
                RvError::PinLocked,
                HalErrorKind::PinLocked,
                "the PIN of token \"box\" is locked after too many wrong tries",
            ),
            (RvError::DeviceRemoved, HalErrorKind::Removed, "cannot log in on token \"box\""),
        ] {
            let error = log_in_error("box", Error::Pkcs11(code, Function::Login));
            assert_eq!((error.kind(), error.to_string().as_str()), (kind, text));
        }
    }
}
