//! The data partition: how it is, what keeps it closed, and the ways out.

use hal_api::volume;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::mirror;
use crate::extract::RequestBody;
use crate::fault::{FaultText, NOT_STARTED};

mirror! {
    /// Whether the data partition can be used.
    #[serde(rename_all = "snake_case")]
    VolumeState of volume::VolumeState { Open, Closed }
}

mirror! {
    /// Why the data partition is closed.
    #[serde(rename_all = "snake_case")]
    ClosedReason of volume::ClosedReason { TpmMissing, TpmRefused, OpensWithoutKey, Damaged, NoRoom, NoDisk }
}

/// What keeps the data from who takes the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Protection {
    /// It is encrypted under a key that is sealed to the TPM.
    Tpm,
    /// Nothing: the machine has no TPM.
    None,
    /// Whatever the developer's machine does.
    Developer,
}

/// Whether there is a recovery key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RecoveryKeyState {
    /// One was made.
    Made,
    /// None was made: when the TPM fails, the data is lost.
    Missing,
    /// No TPM protects the data, so it opens without one.
    NotNeeded,
}

/// The data partition.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Volume {
    pub(crate) state: VolumeState,
    pub(crate) protection: Protection,
    pub(crate) recovery_key: RecoveryKeyState,
    /// Size, bytes.
    pub(crate) size_bytes: u64,
    /// Room left to the service, bytes.
    pub(crate) free_bytes: u64,
    /// Whether the recovery key opened it at this start, and it was sealed to the TPM anew.
    pub(crate) resealed: bool,
}

/// Where the box keeps its data.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Storage {
    pub(crate) volume: Volume,
}

/// A recovery key that was just made.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewRecoveryKey {
    /// The key; it is shown this once. It replaces the one before.
    #[schema(example = "cbdefghi-jklnrtuv-cbdefghi-jklnrtuv-cbdefghi-jklnrtuv-cbdefghi-jklnrtuv")]
    pub(crate) recovery_key: String,
}

/// What kind of fault keeps the box from working.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FaultKind {
    /// Its data partition is closed.
    DataClosed,
    /// Its data partition is open, and the service could not start with what is on it.
    StartFailed,
}

/// What an owner can do about a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WayOut {
    /// POST /api/v1/storage/unlock.
    RecoveryKey,
    /// POST /api/v1/system/restart.
    Restart,
    /// POST /api/v1/storage/erase.
    Erase,
}

/// What keeps the box from working.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Fault {
    kind: FaultKind,
    /// Null when it is not known.
    #[schema(required)]
    reason: Option<ClosedReason>,
    /// One line for people.
    pub(crate) title: &'static str,
    /// What happened and what helps, for people.
    text: String,
    /// In the order in which they should be tried.
    ways_out: Vec<WayOut>,
}

impl Fault {
    /// The fault of a closed volume; `None` for one that is open.
    pub(crate) fn of(status: Option<&volume::VolumeStatus>) -> Option<Self> {
        if status.is_some_and(|status| status.state == volume::VolumeState::Open) {
            return None;
        }
        let reason = status.and_then(|status| status.reason);
        let FaultText { title, text } = FaultText::of(reason);
        let opens = status.is_some_and(|status| status.recovery_key)
            && reason.is_some_and(volume::ClosedReason::opens_with_recovery_key);
        let erases = reason.is_some_and(volume::ClosedReason::ends_by_erasing);
        let ways = [(opens, WayOut::RecoveryKey), (true, WayOut::Restart), (erases, WayOut::Erase)];
        Some(Self {
            kind: FaultKind::DataClosed,
            reason: reason.map(Into::into),
            title,
            text: text.to_owned(),
            ways_out: ways.into_iter().filter_map(|(is_one, way)| is_one.then_some(way)).collect(),
        })
    }

    /// The fault of a service that could not start; `cause` says why.
    pub(crate) fn not_started(cause: &str) -> Self {
        let text = format!(
            "The box's data is open, and something in it or in the hardware kept the box from starting: \
             {cause}. Nothing was changed. A restart often helps; if it does not, this text tells support \
             what happened."
        );
        let (kind, title, ways_out) = (FaultKind::StartFailed, NOT_STARTED, vec![WayOut::Restart]);
        Self { kind, reason: None, title, text, ways_out }
    }

    /// What of the box failed, as `/readyz` names it.
    pub(crate) fn component(&self) -> &'static str {
        match self.kind {
            FaultKind::DataClosed => "storage",
            FaultKind::StartFailed => "service",
        }
    }

    /// Whether erasing everything is a way out.
    pub(crate) fn offers_erasing(&self) -> bool {
        self.ways_out.contains(&WayOut::Erase)
    }
}

/// Whether something keeps the box from working.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FaultState {
    #[schema(required)]
    pub(crate) fault: Option<Fault>,
}

/// The recovery key of the data partition.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UnlockRequest {
    /// In upper or lower case, with any spaces and dashes.
    #[schema(format = Password)]
    pub(crate) recovery_key: String,
}

impl RequestBody for UnlockRequest {
    const LIMIT: usize = 4 << 10;
}

/// That the data partition is open.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Opened {
    pub(crate) opened: bool,
}

/// The code on the box's console.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConsoleCodeRequest {
    #[schema(example = "ABCD-EFGH")]
    pub(crate) code: String,
}

impl RequestBody for ConsoleCodeRequest {
    const LIMIT: usize = 4 << 10;
}

#[cfg(test)]
mod tests {
    use hal_api::volume::{ClosedReason, Protection, VolumeState, VolumeStatus};

    use super::{Fault, WayOut};

    fn ways(reason: Option<ClosedReason>, recovery_key: bool) -> Vec<WayOut> {
        let (state, detail) = (VolumeState::Closed, String::new());
        let status =
            VolumeStatus { state, reason, detail, protection: Protection::Tpm, recovery_key, size_bytes: 0 };
        Fault::of(Some(&status)).unwrap().ways_out
    }

    #[test]
    fn only_ways_that_lead_out_are_offered() {
        use WayOut::{Erase, RecoveryKey, Restart};
        for reason in [ClosedReason::TpmMissing, ClosedReason::TpmRefused] {
            assert_eq!(ways(Some(reason), true), [RecoveryKey, Restart, Erase]);
            assert_eq!(ways(Some(reason), false), [Restart, Erase], "no key was ever made");
        }
        for reason in [ClosedReason::OpensWithoutKey, ClosedReason::Damaged] {
            assert_eq!(ways(Some(reason), true), [Restart, Erase]);
        }
        for reason in [ClosedReason::NoRoom, ClosedReason::NoDisk] {
            assert_eq!(ways(Some(reason), true), [Restart]);
        }
        assert_eq!(ways(None, false), [Restart]);
        assert_eq!(Fault::of(None).unwrap().ways_out, [Restart]);
    }
}
