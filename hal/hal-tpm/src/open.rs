//! Opening a TPM.

use std::sync::Arc;

use hal_api::Token;

use crate::actor::Actor;
use crate::attester::TpmAttester;
use crate::config::{OpenError, TpmConfig};
use crate::key_folder::KeyFolder;
use crate::key_store::TpmKeyStore;
use crate::probe::TpmProbe;
use crate::sealer::TpmSealer;
use crate::signer::TpmSigner;

/// What all ports of one TPM share.
pub(crate) struct Device {
    pub(crate) actor: Actor,
    pub(crate) keys: KeyFolder,
}

/// Connects to a TPM, makes its storage primary and reads the key folder.
///
/// Blocks until the TPM has answered, which takes some hundred milliseconds on hardware.
///
/// # Errors
/// See [`OpenError`].
pub fn open(config: TpmConfig) -> Result<Token, OpenError> {
    let keys = KeyFolder::open(&config.key_dir)
        .map_err(|source| OpenError::KeyFolder { path: config.key_dir.clone(), source })?;
    let actor = Actor::start(&config)?;
    let device = Arc::new(Device { actor, keys });
    let probe = TpmProbe::new(Arc::clone(&device))
        .map_err(|source| OpenError::Prepare { tcti: config.tcti.clone(), source })?;
    Ok(Token {
        name: config.name,
        probe: Arc::new(probe),
        keys: Arc::new(TpmKeyStore(Arc::clone(&device))),
        signer: Arc::new(TpmSigner(Arc::clone(&device))),
        sealer: Some(Arc::new(TpmSealer(Arc::clone(&device)))),
        attester: Some(Arc::new(TpmAttester(device))),
    })
}
