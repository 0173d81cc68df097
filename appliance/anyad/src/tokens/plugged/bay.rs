//! Where tokens are plugged in: a PKCS#11 module.

use std::sync::{Mutex, PoisonError};

use hal_api::{HalError, HalResult, Token, TokenInfo};
use hal_pkcs11::{OpenError, Pkcs11Config, TokenModule};
use zeroize::Zeroizing;

use crate::config;

/// Where tokens are plugged in.
pub(crate) trait Bay: Send + Sync {
    /// The tokens that are there now.
    ///
    /// # Errors
    /// When it does not tell.
    fn present(&self) -> HalResult<Vec<TokenInfo>>;

    /// Opens a token with its PIN, as `name`.
    ///
    /// # Errors
    /// `PinIncorrect`, `PinLocked`, `NotFound`; else as the device says.
    fn open(&self, name: &str, info: &TokenInfo, pin: Zeroizing<String>) -> HalResult<Token>;
}

/// The configured modules.
pub(crate) fn bays(modules: &[config::TokenModule]) -> Vec<Box<dyn Bay>> {
    let bay = |module: &config::TokenModule| {
        Box::new(ModuleBay { config: module.clone(), loaded: Mutex::default() }) as Box<dyn Bay>
    };
    modules.iter().map(bay).collect()
}

/// A configured module; loaded once its file is there.
struct ModuleBay {
    config: config::TokenModule,
    loaded: Mutex<Option<TokenModule>>,
}

impl Bay for ModuleBay {
    fn present(&self) -> HalResult<Vec<TokenInfo>> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if loaded.is_none() {
            match TokenModule::load(&self.config.path) {
                Ok(module) => *loaded = Some(module),
                // One image serves boxes with and without it.
                Err(OpenError::ModuleMissing { .. }) => return Ok(Vec::new()),
                Err(error) => return Err(hal_error(error)),
            }
        }
        let Some(module) = loaded.as_ref() else { return Ok(Vec::new()) };
        let mut present = module.present()?;
        present.retain(|info| self.config.label.as_ref().is_none_or(|label| info.label == *label));
        Ok(present)
    }

    fn open(&self, name: &str, info: &TokenInfo, pin: Zeroizing<String>) -> HalResult<Token> {
        let wanted =
            Pkcs11Config::new(name, self.config.path.clone(), &info.label, pin).with_serial(&info.serial);
        hal_pkcs11::open(wanted).map_err(hal_error)
    }
}

fn hal_error(error: OpenError) -> HalError {
    HalError::with_source(error.kind(), "open a token", error)
}
