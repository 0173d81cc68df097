//! The counter in the TPM that keeps the security epoch, where there is one.

use hal_api::EpochCounter;
use hal_tpm::NvEpochCounter;

use crate::note;
use crate::places::Places;

/// The counter of the machine's TPM, when it has one that answers.
pub(crate) fn of_machine(places: &Places) -> Option<NvEpochCounter> {
    let device = places.dev().join("tpmrm0");
    if !device.exists() {
        return None;
    }
    NvEpochCounter::open(format!("device:{}", device.display()))
        .inspect_err(|error| note(&format!("the TPM does not keep the security epoch: {error}")))
        .ok()
}

/// What a counter says; `None` without one, and for one that does not answer, which is told.
pub(crate) fn counted(counter: Option<&dyn EpochCounter>) -> Option<u64> {
    counter?
        .read()
        .inspect_err(|error| note(&format!("the security epoch in the TPM cannot be read: {error}")))
        .ok()
}
