//! The HSMs: the TPM first, as it seals the PIN of the PKCS#11 token.

pub(crate) mod plugged;

use anyhow::{Context, Result, anyhow};
use hal_api::volume::RecoveryKey;
use hal_api::{HalErrorKind, Token};
use hal_pkcs11::{Pkcs11Config, softhsm};
use hal_tpm::TpmConfig;
use hal_tpm::swtpm::Swtpm;
use zeroize::Zeroizing;

use crate::cli::TpmMode;
use crate::config::{Pkcs11, Tokens};
use crate::data_folder::DataFolder;
use crate::pin;

/// The open tokens, and the software TPM where one was started.
pub(crate) struct OpenTokens {
    /// The PKCS#11 token first: it is the default for new keys.
    pub(crate) tokens: Vec<Token>,
    pub(crate) swtpm: Option<Swtpm>,
    /// The PIN of the box's own PKCS#11 token.
    pub(crate) pin: Zeroizing<String>,
}

/// Opens every configured token; makes the box's own PKCS#11 token on the first start. `recovery_key` is the
/// one that opened the volume at this start.
///
/// # Errors
/// One line with the cure: no module, no TPM, a wrong or missing PIN.
pub(crate) fn open(
    config: &Tokens,
    data: &DataFolder,
    recovery_key: Option<&RecoveryKey>,
) -> Result<OpenTokens> {
    let (tpm, swtpm) = open_tpm(config, data)?;
    let sealer = tpm.as_ref().and_then(|token| token.sealer.as_deref());
    let folder = data.join("softhsm/tokens");
    let is_new = std::fs::read_dir(&folder).map_or(true, |mut entries| entries.next().is_none());
    let pin = pin::load_or_make(&data.folder("secrets")?, sealer, recovery_key, is_new)?;
    let token = open_pkcs11(&config.pkcs11, data, pin.clone())?;
    Ok(OpenTokens { tokens: [Some(token), tpm].into_iter().flatten().collect(), swtpm, pin })
}

/// Opens the box's own PKCS#11 token. The security officer's PIN is thrown away after the token is
/// made: all that it could do is set the user PIN anew, and the box never forgets that one.
fn open_pkcs11(config: &Pkcs11, data: &DataFolder, pin: Zeroizing<String>) -> Result<Token> {
    let module = config.module.clone().or_else(softhsm::find_module).context(
        "cannot find SoftHSM; install the package softhsm2 or set `tokens.pkcs11.module` in the configuration",
    )?;
    let wanted =
        Pkcs11Config::new("softhsm", module, config.label.clone(), pin).create_if_missing(pin::random()?);
    hal_pkcs11::open(wanted).map_err(|error| {
        let cure = match error.kind() {
            HalErrorKind::PinIncorrect | HalErrorKind::PinLocked => {
                let file = data.join("secrets/softhsm-pin");
                format!("the PIN in {} is not the token's; restore that file from a backup", file.display())
            }
            _ => "check `tokens.pkcs11.module` and `tokens.pkcs11.label` in the configuration".into(),
        };
        anyhow!(error).context(cure).context("cannot open the PKCS#11 token")
    })
}

fn open_tpm(config: &Tokens, data: &DataFolder) -> Result<(Option<Token>, Option<Swtpm>)> {
    let (tcti, swtpm) = match config.tpm.mode {
        TpmMode::Off => return Ok((None, None)),
        TpmMode::Auto if !config.tpm.device.exists() => {
            tracing::info!(device = %config.tpm.device.display(), "this machine has no TPM");
            return Ok((None, None));
        }
        TpmMode::Device | TpmMode::Auto => (format!("device:{}", config.tpm.device.display()), None),
        TpmMode::Swtpm => {
            let swtpm = Swtpm::start(&data.folder("tpm")?).context(
                "cannot start the software TPM; install the package swtpm or start with --tpm off",
            )?;
            (swtpm.tcti(), Some(swtpm))
        }
    };
    let token = hal_tpm::open(TpmConfig::new("tpm", tcti, data.folder("tpm-keys")?))
        .context("cannot open the TPM; check `tokens.tpm` in the configuration or start with --tpm off")?;
    Ok((Some(token), swtpm))
}
