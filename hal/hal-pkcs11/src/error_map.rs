//! Where PKCS#11 return codes become the kinds on which callers decide (PKCS#11 v3.1, section 5.1).

use cryptoki::error::{Error, RvError};
use hal_api::{HalError, HalErrorKind};

/// The kind of an error of the PKCS#11 library.
pub(crate) fn kind_of(error: &Error) -> HalErrorKind {
    match error {
        Error::Pkcs11(code, _) => kind_of_code(code),
        Error::NotSupported | Error::NullFunctionPointer => HalErrorKind::Unsupported,
        Error::PinNotSet => HalErrorKind::PinIncorrect,
        _ => HalErrorKind::Device,
    }
}

fn kind_of_code(code: &RvError) -> HalErrorKind {
    match code {
        RvError::SessionCount | RvError::OperationActive | RvError::FunctionCanceled => HalErrorKind::Busy,
        RvError::DeviceRemoved
        | RvError::TokenNotPresent
        | RvError::TokenNotRecognized
        | RvError::SlotIdInvalid
        | RvError::SessionClosed
        | RvError::SessionHandleInvalid
        | RvError::CryptokiNotInitialized => HalErrorKind::Removed,
        RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange | RvError::UserNotLoggedIn => {
            HalErrorKind::PinIncorrect
        }
        // An expired PIN and a missing one need a person with the other PIN, as a locked one does.
        RvError::PinLocked | RvError::PinExpired | RvError::UserPinNotInitialized => HalErrorKind::PinLocked,
        RvError::KeyHandleInvalid | RvError::ObjectHandleInvalid => HalErrorKind::NotFound,
        RvError::MechanismInvalid
        | RvError::CurveNotSupported
        | RvError::FunctionNotSupported
        | RvError::KeyTypeInconsistent
        | RvError::KeySizeRange
        | RvError::KeyFunctionNotPermitted
        | RvError::DomainParamsInvalid => HalErrorKind::Unsupported,
        RvError::ArgumentsBad
        | RvError::DataInvalid
        | RvError::DataLenRange
        | RvError::MechanismParamInvalid
        | RvError::AttributeValueInvalid => HalErrorKind::InvalidInput,
        RvError::DeviceMemory => HalErrorKind::Full,
        RvError::EncryptedDataInvalid | RvError::EncryptedDataLenRange => HalErrorKind::PolicyMismatch,
        _ => HalErrorKind::Device,
    }
}

/// Whether opening the session and logging in anew may cure this.
pub(crate) fn session_is_lost(error: &Error) -> bool {
    matches!(
        error,
        Error::Pkcs11(
            RvError::DeviceRemoved
                | RvError::TokenNotPresent
                | RvError::TokenNotRecognized
                | RvError::SlotIdInvalid
                | RvError::SessionClosed
                | RvError::SessionHandleInvalid
                | RvError::UserNotLoggedIn,
            _
        )
    )
}

/// Whether a cached object handle no longer names an object.
pub(crate) fn handle_is_stale(error: &Error) -> bool {
    matches!(error, Error::Pkcs11(RvError::KeyHandleInvalid | RvError::ObjectHandleInvalid, _))
}

/// The port's error for a failed step.
pub(crate) fn hal_error(operation: impl Into<String>, source: Error) -> HalError {
    HalError::with_source(kind_of(&source), operation, source)
}

#[cfg(test)]
mod tests {
    use cryptoki::context::Function;

    use super::*;

    #[test]
    fn every_code_a_caller_decides_on_has_its_kind() {
        let table = [
            (RvError::SessionCount, HalErrorKind::Busy),
            (RvError::OperationActive, HalErrorKind::Busy),
            (RvError::DeviceRemoved, HalErrorKind::Removed),
            (RvError::TokenNotPresent, HalErrorKind::Removed),
            (RvError::SessionHandleInvalid, HalErrorKind::Removed),
            (RvError::CryptokiNotInitialized, HalErrorKind::Removed),
            (RvError::PinIncorrect, HalErrorKind::PinIncorrect),
            (RvError::PinLenRange, HalErrorKind::PinIncorrect),
            (RvError::PinLocked, HalErrorKind::PinLocked),
            (RvError::UserPinNotInitialized, HalErrorKind::PinLocked),
            (RvError::KeyHandleInvalid, HalErrorKind::NotFound),
            (RvError::ObjectHandleInvalid, HalErrorKind::NotFound),
            (RvError::MechanismInvalid, HalErrorKind::Unsupported),
            (RvError::CurveNotSupported, HalErrorKind::Unsupported),
            (RvError::KeyTypeInconsistent, HalErrorKind::Unsupported),
            (RvError::DataLenRange, HalErrorKind::InvalidInput),
            (RvError::ArgumentsBad, HalErrorKind::InvalidInput),
            (RvError::DeviceMemory, HalErrorKind::Full),
            (RvError::EncryptedDataInvalid, HalErrorKind::PolicyMismatch),
            (RvError::GeneralError, HalErrorKind::Device),
            (RvError::DeviceError, HalErrorKind::Device),
            (RvError::VendorDefined(0x8000_0001), HalErrorKind::Device),
        ];
        for (code, kind) in table {
            let text = code.to_string();
            assert_eq!(kind_of(&Error::Pkcs11(code, Function::Sign)), kind, "{text}");
        }
        assert_eq!(kind_of(&Error::NullFunctionPointer), HalErrorKind::Unsupported);
        assert_eq!(kind_of(&Error::InvalidValue), HalErrorKind::Device);
    }

    #[test]
    fn a_lost_session_is_told_from_a_failed_operation() {
        assert!(session_is_lost(&Error::Pkcs11(RvError::SessionHandleInvalid, Function::Sign)));
        assert!(session_is_lost(&Error::Pkcs11(RvError::UserNotLoggedIn, Function::Sign)));
        assert!(!session_is_lost(&Error::Pkcs11(RvError::GeneralError, Function::Sign)));
        assert!(handle_is_stale(&Error::Pkcs11(RvError::KeyHandleInvalid, Function::SignInit)));
    }
}
