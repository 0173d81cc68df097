//! Modules whose tokens come and go: smart cards, tokens on USB.

use std::path::{Path, PathBuf};

use hal_api::{HalResult, TokenInfo};

use crate::config::OpenError;
use crate::error_map::hal_error;
use crate::module::Module;
use crate::probe::about;

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
        Ok(slots.into_iter().filter_map(|slot| about(pkcs11, slot).ok()).collect())
    }
}
