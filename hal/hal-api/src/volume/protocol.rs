//! What the service and the privileged program say to each other about the volume.
//!
//! One JSON object on one line each way, then the connection ends: `{"op":"unlock","recovery_key":"…"}`
//! is answered by a [`VolumeStatus`], by `{"recovery_key":"…"}`, by `{"accepted":true}` or by
//! `{"error":"wrong_key","text":"…"}`.

use serde::{Deserialize, Serialize};

use super::{RecoveryKey, VolumeStatus};

/// The longest line that either side takes, bytes.
pub const MAX_LINE: u64 = 8 << 10;

/// What the service asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "kebab-case", deny_unknown_fields)]
pub enum VolumeRequest {
    /// How the volume is.
    Status,
    /// Open it.
    Unlock {
        /// Its recovery key.
        #[serde(with = "key_text")]
        recovery_key: RecoveryKey,
    },
    /// Make a recovery key.
    MakeRecoveryKey,
    /// Seal it to the TPM of now.
    Reseal {
        /// Its recovery key.
        #[serde(with = "key_text")]
        recovery_key: RecoveryKey,
    },
    /// Erase it, and start the machine again.
    Erase,
    /// Start the machine again.
    Restart,
}

/// What the service is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum VolumeAnswer {
    /// How the volume is now.
    Status(VolumeStatus),
    /// A recovery key that was just made.
    RecoveryKey {
        /// The key.
        #[serde(with = "key_text")]
        recovery_key: RecoveryKey,
    },
    /// It is under way.
    Accepted {
        /// Always true.
        accepted: bool,
    },
    /// It was not done.
    Refused {
        /// Why, for programs.
        error: Refusal,
        /// Why, for the log; one line, without a secret.
        text: String,
    },
}

/// Why something was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The recovery key is another volume's.
    WrongKey,
    /// The state of the volume does not allow it.
    NotNow,
    /// Something else is being done to the volume.
    Busy,
    /// The request is not one of [`VolumeRequest`].
    BadRequest,
    /// A program that was needed failed.
    Failed,
}

/// The one place where a recovery key is written out.
mod key_text {
    use serde::{Deserialize, Deserializer, Serializer};
    use zeroize::Zeroizing;

    use super::super::RecoveryKey;

    pub(super) fn serialize<S: Serializer>(key: &RecoveryKey, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(key.expose())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<RecoveryKey, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        RecoveryKey::parse(&text).map_err(serde::de::Error::custom)
    }
}
