//! What the failures of keys and tokens are to a client.

use appliance_core::keys::KeyError;
use hal_api::HalErrorKind;

use super::{Problem, Slug};

impl From<KeyError> for Problem {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::NotFound { id } => Self::new(Slug::NotFound, format!("There is no key {id}."))
                .with_next("GET /api/v1/security/keys lists the keys."),
            KeyError::Invalid { field, reason } => Self::field(field, reason),
            KeyError::WrongPin { token } => Self::new(
                Slug::WrongPin,
                format!("`token:{token}` does not take this PIN, and counts the try."),
            )
            .with_error("pin", "is not this token's"),
            KeyError::UnknownToken { name, known } => {
                let shown: String = name.chars().take(64).collect();
                let known: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
                let reason = format!("is `{shown}`, and has to be one of {}", known.join(", "));
                Self::field("token", reason)
            }
            KeyError::Unsupported { field, reason } => Self::unsupported_field(field, reason),
            KeyError::Token { ref token, operation, kind, .. } => {
                let problem = of_token(token, operation, kind);
                tracing::error!(token, operation, error = %super::chain(&error), "a token failed");
                problem
            }
            KeyError::Store(error) | KeyError::Audit(error) => error.into(),
        }
    }
}

fn of_token(token: &str, operation: &str, kind: HalErrorKind) -> Problem {
    let of_state = |slug: Slug, what: &str| Problem::new(slug, format!("`token:{token}` {what}"));
    let unavailable = |what: &str| of_state(Slug::Unavailable, what);
    match kind {
        HalErrorKind::Busy => {
            Problem::new(Slug::Busy, format!("`token:{token}` is busy and could not {operation}."))
                .with_retry_after(1)
        }
        HalErrorKind::Timeout => {
            unavailable(&format!("did not answer in time when asked to {operation}.")).with_retry_after(5)
        }
        HalErrorKind::Removed => of_state(Slug::TokenGone, "is gone."),
        HalErrorKind::PinNeeded => of_state(Slug::TokenNeedsPin, "waits for its PIN."),
        HalErrorKind::PinIncorrect => unavailable("does not take the PIN that the box has for it.").with_next(
            "Enter the PIN of a token that was plugged in anew; for the box's own, restore its `secrets` folder.",
        ),
        HalErrorKind::PinLocked => of_state(Slug::TokenLocked, "is locked after too many wrong PINs."),
        HalErrorKind::Full => {
            unavailable("has no room left.").with_next("Delete keys that are no longer needed.")
        }
        HalErrorKind::NotFound => {
            unavailable("no longer has this key.").with_next("Restore the token, or delete the key.")
        }
        HalErrorKind::Unsupported => {
            Problem::new(Slug::Unsupported, format!("`token:{token}` cannot {operation} in this way."))
        }
        HalErrorKind::AlreadyExists
        | HalErrorKind::InvalidInput
        | HalErrorKind::PolicyMismatch
        | HalErrorKind::Device => unavailable(&format!("failed to {operation}; the box's log says why.")),
    }
}
