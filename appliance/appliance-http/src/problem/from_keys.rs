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
    let unavailable = |what: &str| Problem::new(Slug::Unavailable, format!("`token:{token}` {what}"));
    match kind {
        HalErrorKind::Busy => {
            Problem::new(Slug::Busy, format!("`token:{token}` is busy and could not {operation}."))
                .with_retry_after(1)
        }
        HalErrorKind::Timeout => {
            unavailable(&format!("did not answer in time when asked to {operation}.")).with_retry_after(5)
        }
        HalErrorKind::Removed => unavailable("is gone.")
            .with_next("Plug it in or start its daemon again; /readyz shows its state."),
        HalErrorKind::PinIncorrect => unavailable("does not take the PIN that the box has for it.")
            .with_next("Restore the box's `secrets` folder, or the token's own PIN."),
        HalErrorKind::PinLocked => unavailable("is locked after too many wrong PINs.")
            .with_next("Unlock it with its own tools; a TPM unlocks itself after a while."),
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
