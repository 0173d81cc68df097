//! The data partition of the box: whether it is open, why not, and the ways to open it.
//!
//! # Design
//!
//! The volume is LUKS2. With a TPM its key is sealed to it, and a recovery key opens it when the TPM does
//! not. Who speaks to the disk is a small privileged program; [`DataVolume`] is how the service asks it.
//! A volume that stays closed is a state with a reason, never an error of the port.
//!
//! # Limits
//!
//! One volume. A recovery key is text as systemd makes it (systemd-cryptenroll(1), `--recovery-key`): 256
//! bits as 64 letters of modhex in eight groups.

pub mod protocol;

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::HalResult;

/// Whether the volume can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VolumeState {
    /// It is open and mounted.
    Open,
    /// It is not; the reason says why.
    Closed,
}

/// Why a volume is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClosedReason {
    /// It is sealed to a TPM, and there is none now.
    TpmMissing,
    /// The TPM does not give its key: another TPM, or other software than it was sealed for.
    TpmRefused,
    /// The box has a TPM, and this volume opens without any key: it is not the one that the box made.
    OpensWithoutKey,
    /// It cannot be read or repaired.
    Damaged,
    /// The disk has no room for it.
    NoRoom,
    /// The disk that the box started from was not found.
    NoDisk,
}

impl ClosedReason {
    /// Every reason.
    pub const ALL: [Self; 6] = [
        Self::TpmMissing,
        Self::TpmRefused,
        Self::OpensWithoutKey,
        Self::Damaged,
        Self::NoRoom,
        Self::NoDisk,
    ];

    /// Whether the recovery key may open the volume.
    pub fn opens_with_recovery_key(self) -> bool {
        matches!(self, Self::TpmMissing | Self::TpmRefused)
    }

    /// Whether erasing everything makes the box usable again.
    pub fn ends_by_erasing(self) -> bool {
        !matches!(self, Self::NoRoom | Self::NoDisk)
    }
}

/// What keeps the volume from who takes the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protection {
    /// Its key is sealed to the TPM.
    Tpm,
    /// Nothing: it opens with the empty key, as the machine has no TPM.
    None,
}

/// How the volume is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VolumeStatus {
    /// Whether it can be used.
    pub state: VolumeState,
    /// Why it is closed; `None` when it is open.
    pub reason: Option<ClosedReason>,
    /// One line for support; empty when there is nothing to say. Never holds a secret.
    pub detail: String,
    /// What protects it.
    pub protection: Protection,
    /// Whether a recovery key was made for it.
    pub recovery_key: bool,
    /// Size of the partition, bytes; 0 when there is none.
    pub size_bytes: u64,
}

/// A text that is no recovery key, whichever volume it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a recovery key has eight groups of eight letters")]
pub struct MalformedRecoveryKey;

/// A recovery key. Wiped from memory when dropped, and never shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryKey(Zeroizing<String>);

/// The letters of modhex, which lie at the same place on most keyboards.
const MODHEX: &str = "cbdefghijklnrtuv";
const LETTERS: usize = 64;
const GROUP: usize = 8;

impl RecoveryKey {
    /// Reads what a person typed: upper or lower case, with any spaces and dashes.
    ///
    /// # Errors
    /// [`MalformedRecoveryKey`] when no recovery key looks like this.
    pub fn parse(text: &str) -> Result<Self, MalformedRecoveryKey> {
        // Never grown, so that no copy of the secret is left behind.
        let mut key = Zeroizing::new(String::with_capacity(LETTERS + LETTERS / GROUP));
        let mut letters = 0;
        for letter in text.chars().filter(|c| !c.is_whitespace() && !is_dash(*c)) {
            let letter = letter.to_ascii_lowercase();
            if letters == LETTERS || !MODHEX.contains(letter) {
                return Err(MalformedRecoveryKey);
            }
            if letters > 0 && letters % GROUP == 0 {
                key.push('-');
            }
            key.push(letter);
            letters += 1;
        }
        if letters == LETTERS { Ok(Self(key)) } else { Err(MalformedRecoveryKey) }
    }

    /// The key as it is enrolled and shown: `cbdefghi-…`, lower case, 71 bytes.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// What keyboards and text programs make of a dash.
fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '_')
}

impl fmt::Debug for RecoveryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryKey(…)")
    }
}

/// The data partition, as the service uses it. Calls block, up to a few minutes for [`Self::unlock`].
pub trait DataVolume: Send + Sync {
    /// How the volume is now.
    ///
    /// # Errors
    /// `Removed` when nobody looks after the volume, `Timeout`, `Device`.
    fn status(&self) -> HalResult<VolumeStatus>;

    /// Opens a closed volume by its recovery key and mounts it. An open one stays as it is.
    ///
    /// # Errors
    /// `PinIncorrect` for another key, `Unsupported` when no key may open it, `Busy`, `Timeout`, `Device`.
    fn unlock(&self, key: &RecoveryKey) -> HalResult<VolumeStatus>;

    /// Makes a recovery key for the open volume; it replaces the one before. This is the only time that
    /// it is told.
    ///
    /// # Errors
    /// `Unsupported` when no TPM protects the volume or it is closed; `Busy`, `Timeout`, `Device`. The
    /// one before still opens the volume then.
    fn make_recovery_key(&self) -> HalResult<RecoveryKey>;

    /// Seals the key of the volume, which was just opened by its recovery key, to the TPM of now.
    ///
    /// # Errors
    /// `PinIncorrect` for another key, `Unsupported` without a TPM, `Busy`, `Timeout`, `Device`. The
    /// recovery key still opens the volume then.
    fn reseal(&self, key: &RecoveryKey) -> HalResult<()>;

    /// Erases a closed volume for good, and starts the machine again as new.
    ///
    /// # Errors
    /// `Unsupported` when it is open; `Busy`, `Timeout`, `Device`.
    fn erase(&self) -> HalResult<()>;

    /// Starts the machine again.
    ///
    /// # Errors
    /// `Timeout`, `Device`.
    fn restart(&self) -> HalResult<()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "cbdefghi-jklnrtuv-cbdefghi-jklnrtuv-cbdefghi-jklnrtuv-cbdefghi-jklnrtuv";

    #[test]
    fn what_people_type_is_the_same_key() {
        let plain = KEY.replace('-', "");
        for typed in [
            KEY.to_owned(),
            KEY.to_uppercase(),
            plain.clone(),
            format!("  {}\n", KEY.replace('-', " ")),
            KEY.replace('-', "\u{2013}"),
        ] {
            assert_eq!(RecoveryKey::parse(&typed).unwrap().expose(), KEY, "{typed}");
        }
        for wrong in ["", "cbdefghi", &plain[1..], &format!("{plain}c"), &plain.replace('c', "a")] {
            assert_eq!(RecoveryKey::parse(wrong), Err(MalformedRecoveryKey), "{wrong}");
        }
    }

    #[test]
    fn a_key_is_not_shown() {
        assert_eq!(format!("{:?}", RecoveryKey::parse(KEY).unwrap()), "RecoveryKey(…)");
    }

    #[test]
    fn a_key_never_opens_what_was_swapped_in() {
        let opened: Vec<_> = ClosedReason::ALL.into_iter().filter(|r| r.opens_with_recovery_key()).collect();
        assert_eq!(opened, [ClosedReason::TpmMissing, ClosedReason::TpmRefused]);
    }
}
