//! What the token says of itself, and whether it answers.

use std::error::Error as _;
use std::sync::Arc;

use cryptoki::context::Pkcs11;
use cryptoki::error::Error;
use cryptoki::slot::Slot;
use hal_api::{Capabilities, HalResult, PinTries, TokenHealth, TokenInfo, TokenKind, TokenProbe};

use crate::device::Device;
use crate::error_map::hal_error;

/// [`TokenProbe`] over a PKCS#11 token.
pub(crate) struct Pkcs11Probe(pub(crate) Arc<Device>);

impl TokenProbe for Pkcs11Probe {
    fn info(&self) -> HalResult<TokenInfo> {
        let failed = |error| hal_error(format!("read about token \"{}\"", self.0.pool.label()), error);
        let (module, slot) = self.0.pool.place()?;
        about(&module.pkcs11, slot).map_err(failed)
    }

    fn capabilities(&self) -> Capabilities {
        self.0.capabilities.clone()
    }

    fn health(&self) -> TokenHealth {
        let operation = || format!("ask token \"{}\" for its state", self.0.pool.label());
        match self.0.run_logged_in(operation, |_, _| Ok(())) {
            Ok(()) => TokenHealth::Healthy,
            Err(error) => {
                let cause = error.source().map(|source| format!(": {source}")).unwrap_or_default();
                TokenHealth::Failing { kind: error.kind, reason: format!("{error}{cause}") }
            }
        }
    }

    fn close(&self) {
        self.0.pool.close();
    }
}

/// What the token in this slot says of itself. Needs no PIN.
pub(crate) fn about(pkcs11: &Pkcs11, slot: Slot) -> Result<TokenInfo, Error> {
    let info = pkcs11.get_token_info(slot)?;
    let mechanisms = pkcs11.get_mechanism_list(slot)?;
    let mut mechanisms: Vec<_> = mechanisms.iter().map(ToString::to_string).collect();
    mechanisms.sort_unstable();
    mechanisms.dedup();
    Ok(TokenInfo {
        kind: TokenKind::Pkcs11,
        label: info.label().trim().to_owned(),
        manufacturer: info.manufacturer_id().trim().to_owned(),
        model: info.model().trim().to_owned(),
        serial: info.serial_number().trim().to_owned(),
        firmware: info.firmware_version().to_string(),
        mechanisms,
        pin_tries: match info {
            _ if info.user_pin_locked() => PinTries::Locked,
            _ if info.user_pin_final_try() => PinTries::One,
            _ if info.user_pin_count_low() => PinTries::Fewer,
            _ => PinTries::Untold,
        },
    })
}
