//! People who may use the box.

use serde::{Deserialize, Serialize};

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Everything.
    Administrator,
}

impl Role {
    /// The serialised name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
        }
    }

    /// The role of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        (name == Self::Administrator.name()).then_some(Self::Administrator)
    }
}

/// Somebody who may use the box.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Their id, a UUIDv7.
    pub id: String,
    /// Their name, lower-case.
    pub username: String,
    /// What they may do.
    pub role: Role,
}

/// Checks a user name and writes it in lower case: 2 to 32 of `a`–`z`, `0`–`9`, `.`, `_`, `-`.
///
/// # Errors
/// The reason, in words that fit behind the field's name.
pub(super) fn check_username(username: &str) -> Result<String, String> {
    let username = username.trim().to_ascii_lowercase();
    let length = username.chars().count();
    if !(2..=32).contains(&length) {
        return Err(format!("is {length} characters long; 2 to 32 are allowed"));
    }
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-');
    if !username.chars().all(allowed) {
        return Err("has characters other than letters a to z, digits, `.`, `_` and `-`".into());
    }
    Ok(username)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_names_are_plain_and_lower_case() {
        assert_eq!(check_username(" Ada.L_1-x "), Ok("ada.l_1-x".into()));
        for name in ["", "a", &"a".repeat(33), "a b", "ada@home", "ädä", "a:b", "a\0b"] {
            assert!(check_username(name).is_err(), "{name:?}");
        }
    }
}
