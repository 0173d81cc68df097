//! What the boot stub left for systemd: the signed policy by which the TPM opens the data (systemd-stub(7)).
//!
//! Credentials that it found beside the kernel image are not handed on: they are not part of what is signed.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result};

/// Where the stub leaves files, and where systemd looks for them.
const FROM: &str = ".extra";
const TO: &str = "run/systemd";
const FILES: [&str; 2] = ["tpm2-pcr-signature.json", "tpm2-pcr-public-key.pem"];

/// Hands them on, as far as they are there.
///
/// # Errors
/// One cannot be copied.
pub(crate) fn hand_on(root: &Path) -> Result<()> {
    let to = root.join(TO);
    fs::create_dir_all(&to).with_context(|| format!("cannot make {}", to.display()))?;
    for name in FILES {
        let from = root.join(FROM).join(name);
        if from.exists() {
            let copy = || {
                fs::copy(&from, to.join(name))?;
                fs::set_permissions(to.join(name), Permissions::from_mode(0o444))
            };
            copy().with_context(|| format!("cannot hand on {name}"))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_is_handed_on_and_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        hand_on(root.path()).unwrap();
        fs::create_dir_all(root.path().join(".extra/credentials")).unwrap();
        fs::write(root.path().join(".extra/credentials/a.cred"), "secret").unwrap();
        fs::write(root.path().join(".extra/tpm2-pcr-signature.json"), "{}").unwrap();
        hand_on(root.path()).unwrap();
        let there: Vec<_> =
            fs::read_dir(root.path().join(TO)).unwrap().map(|one| one.unwrap().file_name()).collect();
        assert_eq!(there, ["tpm2-pcr-signature.json"]);
        assert_eq!(fs::read(root.path().join(TO).join("tpm2-pcr-signature.json")).unwrap(), b"{}");
    }
}
