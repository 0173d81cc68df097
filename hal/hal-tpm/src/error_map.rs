//! Where TPM and tpm2-tss response codes become the kinds on which callers decide
//! (TPM 2.0 part 2, section 6.6; TCG TSS 2.0 overview, section 3).

use hal_api::{HalError, HalErrorKind};
use tss_esapi::Error;
use tss_esapi::constants::response_code::{Tss2ResponseCode, Tss2ResponseCodeKind as Code};

/// The layer of tpm2-tss that talks to the device or socket.
const TCTI_LAYER: u32 = 10;
/// `TSS2_BASE_RC_TRY_AGAIN`: the answer is not there yet.
const TRY_AGAIN: u32 = 9;

/// The kind of an error of the TPM or of tpm2-tss.
pub(crate) fn kind_of(error: &Error) -> HalErrorKind {
    match error {
        Error::WrapperError(_) => HalErrorKind::Device,
        Error::Tss2Error(code) => match raw(*code) {
            Some(raw) if layer(raw) == TCTI_LAYER => {
                if raw & 0xffff == TRY_AGAIN {
                    HalErrorKind::Timeout
                } else {
                    HalErrorKind::Removed
                }
            }
            _ => code.kind().map_or(HalErrorKind::Device, kind_of_code),
        },
    }
}

fn kind_of_code(code: Code) -> HalErrorKind {
    match code {
        Code::Retry | Code::Yielded | Code::Testing | Code::Canceled | Code::NvRate | Code::NvUnavailable => {
            HalErrorKind::Busy
        }
        Code::ObjectMemory
        | Code::SessionMemory
        | Code::Memory
        | Code::SessionHandles
        | Code::ObjectHandles => HalErrorKind::Busy,
        Code::Lockout => HalErrorKind::PinLocked,
        Code::AuthFail | Code::BadAuth | Code::AuthMissing => HalErrorKind::PinIncorrect,
        Code::NvSpace => HalErrorKind::Full,
        Code::PolicyFail | Code::PcrChanged | Code::Pcr | Code::Policy | Code::Integrity => {
            HalErrorKind::PolicyMismatch
        }
        Code::Scheme
        | Code::Curve
        | Code::KeySize
        | Code::Asymmetric
        | Code::Hash
        | Code::Mode
        | Code::CommandCode
        | Code::Attributes => HalErrorKind::Unsupported,
        Code::Value | Code::Size | Code::Range | Code::Selector => HalErrorKind::InvalidInput,
        // The TPM was reset and has forgotten what was loaded.
        Code::Initialize | Code::Reboot | Code::ReferenceH0 | Code::ReferenceH1 | Code::Handle => {
            HalErrorKind::Removed
        }
        _ => HalErrorKind::Device,
    }
}

/// Whether connecting and loading anew may cure this.
pub(crate) fn connection_is_lost(error: &Error) -> bool {
    kind_of(error) == HalErrorKind::Removed
}

/// The port's error for a failed step.
pub(crate) fn hal_error(operation: impl Into<String>, source: Error) -> HalError {
    HalError::with_source(kind_of(&source), operation, source)
}

/// The code as a number. The crate gives it in its `Display` alone, and names TPM codes only, so that a
/// broken connection would look like none of them.
fn raw(code: Tss2ResponseCode) -> Option<u32> {
    let text = match code {
        Tss2ResponseCode::Success => return None,
        Tss2ResponseCode::FormatZero(code) => code.to_string(),
        Tss2ResponseCode::FormatOne(code) => code.to_string(),
    };
    u32::from_str_radix(text.rsplit_once("0x")?.1, 16).ok()
}

fn layer(raw: u32) -> u32 {
    (raw >> 16) & 0xff
}

#[cfg(test)]
mod tests {
    use tss_esapi::WrapperErrorKind;

    use super::*;

    #[test]
    fn every_code_a_caller_decides_on_has_its_kind() {
        let table = [
            (Code::Retry, HalErrorKind::Busy),
            (Code::Testing, HalErrorKind::Busy),
            (Code::ObjectMemory, HalErrorKind::Busy),
            (Code::Lockout, HalErrorKind::PinLocked),
            (Code::AuthFail, HalErrorKind::PinIncorrect),
            (Code::NvSpace, HalErrorKind::Full),
            (Code::PolicyFail, HalErrorKind::PolicyMismatch),
            (Code::PcrChanged, HalErrorKind::PolicyMismatch),
            (Code::Integrity, HalErrorKind::PolicyMismatch),
            (Code::Scheme, HalErrorKind::Unsupported),
            (Code::Curve, HalErrorKind::Unsupported),
            (Code::Size, HalErrorKind::InvalidInput),
            (Code::Initialize, HalErrorKind::Removed),
            (Code::ReferenceH0, HalErrorKind::Removed),
            (Code::Failure, HalErrorKind::Device),
        ];
        for (code, kind) in table {
            assert_eq!(kind_of_code(code), kind, "{code:?}");
        }
        assert_eq!(kind_of(&Error::WrapperError(WrapperErrorKind::WrongParamSize)), HalErrorKind::Device);
    }

    #[test]
    fn a_dead_connection_is_removed_and_not_a_tpm_code() {
        // No simulator listens on port 1, so the connection layer itself answers.
        let tcti = "swtpm:host=127.0.0.1,port=1".parse().unwrap();
        let error = tss_esapi::Context::new(tcti).map(drop).unwrap_err();
        assert_eq!(kind_of(&error), HalErrorKind::Removed, "{error:?}");
        assert!(connection_is_lost(&error));
    }
}
