//! Modules loaded into this process: one `C_Initialize` per library however many tokens are open,
//! `C_Finalize` when the last user is gone.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};

use crate::config::OpenError;

struct Loaded {
    pkcs11: Pkcs11,
    users: usize,
    open_tokens: HashSet<String>,
    /// Whether `C_Finalize` is this registry's to call.
    finalise: bool,
}

static LOADED: Mutex<Option<HashMap<PathBuf, Loaded>>> = Mutex::new(None);

fn registry() -> MutexGuard<'static, Option<HashMap<PathBuf, Loaded>>> {
    // Every change below is complete before the guard drops, so a poisoned map is still right.
    LOADED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One use of a loaded module. Dropping the last one finalises the module.
pub(crate) struct Module {
    pub(crate) pkcs11: Pkcs11,
    path: PathBuf,
    claimed: Option<String>,
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Module").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Module {
    /// Loads the library and initialises it, or joins those who have.
    pub(crate) fn load(configured: &Path) -> Result<Self, OpenError> {
        let module = configured.to_owned();
        let Ok(path) = configured.canonicalize() else { return Err(OpenError::ModuleMissing { module }) };
        let mut registry = registry();
        let map = registry.get_or_insert_default();
        if let Some(loaded) = map.get_mut(&path) {
            loaded.users += 1;
            return Ok(Self { pkcs11: loaded.pkcs11.clone(), path, claimed: None });
        }
        let pkcs11 =
            Pkcs11::new(&path).map_err(|source| OpenError::ModuleLoad { module: module.clone(), source })?;
        // Several threads use the module, so it must lock.
        let finalise = match pkcs11.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            Ok(()) => true,
            // Some other code in this process did it and will end it.
            Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => false,
            Err(source) => return Err(OpenError::Initialise { module, source }),
        };
        let loaded = Loaded { pkcs11: pkcs11.clone(), users: 1, open_tokens: HashSet::new(), finalise };
        map.insert(path.clone(), loaded);
        Ok(Self { pkcs11, path, claimed: None })
    }

    /// Takes a token for this process alone; false when it is taken.
    pub(crate) fn claim(&mut self, label: &str, serial: Option<&str>) -> bool {
        let token = format!("{label}\0{}", serial.unwrap_or_default());
        let mut registry = registry();
        let loaded = registry.as_mut().and_then(|map| map.get_mut(&self.path));
        let free = loaded.is_some_and(|loaded| loaded.open_tokens.insert(token.clone()));
        if free {
            self.claimed = Some(token);
        }
        free
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        let mut registry = registry();
        let Some(map) = registry.as_mut() else { return };
        let Some(loaded) = map.get_mut(&self.path) else { return };
        if let Some(token) = &self.claimed {
            loaded.open_tokens.remove(token);
        }
        loaded.users -= 1;
        if loaded.users > 0 {
            return;
        }
        let last = map.remove(&self.path);
        // Under the lock, so that nobody initialises the module between here and its end.
        if let Some(Loaded { pkcs11, finalise: true, .. }) = last
            && let Err(error) = pkcs11.finalize()
        {
            tracing::warn!(module = %self.path.display(), %error, "the PKCS#11 module did not finalise");
        }
    }
}
