//! Where the failures of the volume's socket become the kinds on which callers decide.

use std::io::ErrorKind;

use hal_api::volume::protocol::Refusal;
use hal_api::{HalError, HalErrorKind};

/// The kind of a failure of the socket.
fn kind_of_io(kind: ErrorKind) -> HalErrorKind {
    match kind {
        // A read or write that ran out of time is either of the two, by platform.
        ErrorKind::TimedOut | ErrorKind::WouldBlock => HalErrorKind::Timeout,
        ErrorKind::NotFound | ErrorKind::ConnectionRefused => HalErrorKind::Removed,
        _ => HalErrorKind::Device,
    }
}

/// The kind of a refusal.
fn kind_of_refusal(refusal: Refusal) -> HalErrorKind {
    match refusal {
        Refusal::WrongKey => HalErrorKind::PinIncorrect,
        Refusal::NotNow => HalErrorKind::Unsupported,
        Refusal::Busy => HalErrorKind::Busy,
        Refusal::BadRequest => HalErrorKind::InvalidInput,
        Refusal::Failed => HalErrorKind::Device,
    }
}

/// The port's error for a socket that failed.
pub(crate) fn io(operation: &'static str) -> impl Fn(std::io::Error) -> HalError {
    move |error| HalError::with_source(kind_of_io(error.kind()), operation, error)
}

/// The port's error for a refusal.
pub(crate) fn refused(operation: &'static str, refusal: Refusal, text: String) -> HalError {
    HalError::with_source(kind_of_refusal(refusal), operation, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_has_the_kind_that_callers_expect() {
        for (failure, kind) in [
            (ErrorKind::TimedOut, HalErrorKind::Timeout),
            (ErrorKind::WouldBlock, HalErrorKind::Timeout),
            (ErrorKind::NotFound, HalErrorKind::Removed),
            (ErrorKind::ConnectionRefused, HalErrorKind::Removed),
            (ErrorKind::PermissionDenied, HalErrorKind::Device),
            (ErrorKind::UnexpectedEof, HalErrorKind::Device),
        ] {
            assert_eq!(kind_of_io(failure), kind, "{failure:?}");
        }
        for (refusal, kind) in [
            (Refusal::WrongKey, HalErrorKind::PinIncorrect),
            (Refusal::NotNow, HalErrorKind::Unsupported),
            (Refusal::Busy, HalErrorKind::Busy),
            (Refusal::BadRequest, HalErrorKind::InvalidInput),
            (Refusal::Failed, HalErrorKind::Device),
        ] {
            assert_eq!(kind_of_refusal(refusal), kind, "{refusal:?}");
        }
    }
}
