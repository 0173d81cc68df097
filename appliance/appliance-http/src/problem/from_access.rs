//! What being turned away is to a client.

use appliance_core::access::AccessError;

use super::{Problem, Slug};

impl From<AccessError> for Problem {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::AlreadyClaimed => {
                Self::new(Slug::AlreadyClaimed, "Somebody claimed this box before.")
            }
            AccessError::WrongClaimCode { tries_left } => {
                Self::new(Slug::WrongClaimCode, format!("This is not the code; {}", tries(tries_left)))
            }
            AccessError::WrongCredentials => {
                Self::new(Slug::WrongCredentials, "The user name or the password is wrong.")
            }
            AccessError::TooManyAttempts { retry_after_seconds } => {
                let detail =
                    format!("Too many wrong tries; the next one is in {retry_after_seconds} seconds.");
                Self::new(Slug::TooManyAttempts, detail).with_retry_after(retry_after_seconds)
            }
            AccessError::Busy => {
                Self::new(Slug::Busy, "Too many people sign in at once.").with_retry_after(1)
            }
            AccessError::Invalid { field, reason } => Self::field(field, reason),
            AccessError::NotFound => Self::new(Slug::NotFound, "There is no API key of this id.")
                .with_next("GET /api/v1/access/api-keys lists the keys."),
            AccessError::Entropy(_) | AccessError::Hash(_) => Self::internal("make a secret", &error),
            AccessError::Store(error) | AccessError::Audit(error) => error.into(),
        }
    }
}

fn tries(left: u32) -> String {
    match left {
        0 => "no try is left before a pause.".to_owned(),
        1 => "one try is left before a pause.".to_owned(),
        n => format!("{n} tries are left before a pause."),
    }
}
