//! The PIN of the box's own PKCS#11 token: random, made once, never shown to anyone.
//!
//! With a TPM it is kept sealed; without one, in a file of mode 0600, which protects it from other
//! users of the machine but not from who takes the disk.

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use hal_api::{HalErrorKind, SealPolicy, Sealed, Sealer};
use zeroize::Zeroizing;

use crate::data_folder::{read_if_there, write_private};

const PLAIN: &str = "softhsm-pin";
const SEALED: &str = "softhsm-pin.sealed";

/// Gives the PIN; makes it when there is none and `may_make` says that the token is new.
///
/// # Errors
/// One line with the cure: sealed and no TPM, sealed by another TPM, or missing beside a token that
/// was initialised with it.
pub(crate) fn load_or_make(
    folder: &Path,
    sealer: Option<&dyn Sealer>,
    may_make: bool,
) -> Result<Zeroizing<String>> {
    let plain = folder.join(PLAIN);
    let sealed = folder.join(SEALED);
    if let Some(blob) = read_if_there(&sealed)? {
        let pin = unseal(&sealed, blob, sealer)?;
        // A power cut between sealing and removing leaves both.
        if plain.exists() {
            std::fs::remove_file(&plain).context("cannot remove the unsealed PIN")?;
        }
        return Ok(pin);
    }
    let pin = match read_if_there(&plain)? {
        Some(pin) => text(Zeroizing::new(pin), &plain)?,
        None if may_make => random()?,
        None => bail!(
            "the token's PIN is missing: {} is gone while its token is still there; restore the file from a backup",
            plain.display()
        ),
    };
    match sealer {
        Some(sealer) => {
            let blob = sealer
                .seal(pin.as_bytes(), &SealPolicy::default())
                .context("cannot seal the PIN with the TPM")?;
            write_private(&sealed, &blob.0)?;
            if plain.exists() {
                std::fs::remove_file(&plain).context("cannot remove the unsealed PIN")?;
            }
        }
        None => write_private(&plain, pin.as_bytes())?,
    }
    Ok(pin)
}

fn unseal(path: &Path, blob: Vec<u8>, sealer: Option<&dyn Sealer>) -> Result<Zeroizing<String>> {
    let Some(sealer) = sealer else {
        bail!("the token's PIN is sealed by a TPM and none is in use; start with the same --tpm as before");
    };
    match sealer.unseal(&Sealed(blob)) {
        Ok(pin) => text(pin, path),
        Err(error) if error.kind == HalErrorKind::PolicyMismatch => bail!(
            "the token's PIN was sealed by another TPM: {} does not open; bring that TPM back or restore a backup",
            path.display()
        ),
        Err(error) => Err(error).context("cannot unseal the token's PIN"),
    }
}

fn text(bytes: Zeroizing<Vec<u8>>, path: &Path) -> Result<Zeroizing<String>> {
    let text = std::str::from_utf8(&bytes).map_err(|_| anyhow!("{} does not hold a PIN", path.display()))?;
    Ok(Zeroizing::new(text.trim_end().to_owned()))
}

/// A new PIN: 128 random bits as 32 hexadecimal digits.
///
/// # Errors
/// When the system gives no randomness.
pub(crate) fn random() -> Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new([0_u8; 16]);
    getrandom::fill(&mut *bytes).map_err(|error| anyhow!("the system gives no randomness: {error}"))?;
    Ok(Zeroizing::new(hex::encode(*bytes)))
}

#[cfg(test)]
mod tests {
    use hal_api::{HalError, HalResult};

    use super::*;

    /// Turns bytes round; enough to tell sealed from plain.
    struct Mirror;

    impl Sealer for Mirror {
        fn seal(&self, secret: &[u8], _: &SealPolicy) -> HalResult<Sealed> {
            Ok(Sealed(secret.iter().rev().copied().collect()))
        }

        fn unseal(&self, sealed: &Sealed) -> HalResult<Zeroizing<Vec<u8>>> {
            if sealed.0.is_empty() {
                return Err(HalError::new(HalErrorKind::PolicyMismatch, "unseal"));
            }
            Ok(Zeroizing::new(sealed.0.iter().rev().copied().collect()))
        }
    }

    #[test]
    fn the_pin_stays_the_same_and_is_sealed_once_there_is_a_tpm() {
        let folder = tempfile::tempdir().unwrap();
        let first = load_or_make(folder.path(), None, true).unwrap();
        assert_eq!(first.len(), 32);
        assert_eq!(load_or_make(folder.path(), None, false).unwrap(), first);
        assert_eq!(load_or_make(folder.path(), Some(&Mirror), false).unwrap(), first);
        assert!(!folder.path().join(PLAIN).exists(), "the plain file is gone once sealed");
        assert_eq!(load_or_make(folder.path(), Some(&Mirror), false).unwrap(), first);
    }

    #[test]
    fn what_cannot_be_opened_is_told_with_the_cure() {
        let folder = tempfile::tempdir().unwrap();
        let told =
            |sealer: Option<&dyn Sealer>| load_or_make(folder.path(), sealer, false).unwrap_err().to_string();
        assert!(told(None).contains("restore the file from a backup"));
        std::fs::write(folder.path().join(SEALED), "").unwrap();
        assert!(told(None).contains("start with the same --tpm"));
        assert!(told(Some(&Mirror)).contains("sealed by another TPM"));
    }
}
