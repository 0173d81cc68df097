//! Modules whose tokens come and go: smart cards, tokens on USB.

use std::path::{Path, PathBuf};

use hal_api::{HalResult, TokenInfo, TokenKind};

use crate::config::OpenError;
use crate::error_map::hal_error;
use crate::module::Module;

/// A loaded module that is asked which tokens are there now. It stays loaded while this lives.
#[derive(Debug)]
pub struct TokenModule {
    module: Module,
    path: PathBuf,
}

impl TokenModule {
    /// Loads and initialises the module.
    ///
    /// # Errors
    /// `ModuleMissing`, `ModuleLoad`, `Initialise`.
    pub fn load(path: &Path) -> Result<Self, OpenError> {
        Ok(Self { module: Module::load(path)?, path: path.to_owned() })
    }

    /// The module's path, as it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The initialised tokens that are there now. Looks for new readers too (PKCS#11 3.0, section 5.5.1:
    /// the list of slots is made anew when it is asked for without a buffer). Needs no PIN.
    ///
    /// # Errors
    /// When the module does not tell. A token that goes away meanwhile is left out.
    pub fn present(&self) -> HalResult<Vec<TokenInfo>> {
        let pkcs11 = &self.module.pkcs11;
        let slots = pkcs11
            .get_slots_with_initialized_token()
            .map_err(|error| hal_error(format!("list the tokens of {}", self.path.display()), error))?;
        let about = |slot| {
            let info = pkcs11.get_token_info(slot).ok()?;
            let mut mechanisms: Vec<_> =
                pkcs11.get_mechanism_list(slot).ok()?.iter().map(ToString::to_string).collect();
            mechanisms.sort_unstable();
            mechanisms.dedup();
            Some(TokenInfo {
                kind: TokenKind::Pkcs11,
                label: info.label().trim().to_owned(),
                manufacturer: info.manufacturer_id().trim().to_owned(),
                model: info.model().trim().to_owned(),
                serial: info.serial_number().trim().to_owned(),
                firmware: info.firmware_version().to_string(),
                mechanisms,
            })
        };
        Ok(slots.into_iter().filter_map(about).collect())
    }
}
