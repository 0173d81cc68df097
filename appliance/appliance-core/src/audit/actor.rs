//! Who acts.

use std::fmt;

/// Who does something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// The box itself.
    System,
    /// Somebody who is not signed in.
    Stranger,
    /// A person, by user name.
    User(String),
    /// A program, by the label of its API key and the user name of its owner.
    ApiKey {
        /// The key's label.
        label: String,
        /// Its owner.
        user: String,
    },
}

impl fmt::Display for Who {
    /// `system`, `stranger`, `user:<name>`, `api_key:<label>@<user>`. User names hold no `@`, so the
    /// last one ends the label.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => f.write_str("system"),
            Self::Stranger => f.write_str("stranger"),
            Self::User(name) => write!(f, "user:{name}"),
            Self::ApiKey { label, user } => write!(f, "api_key:{label}@{user}"),
        }
    }
}

/// Who does something, and in which request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Who.
    pub who: Who,
    /// The request's id, where there is one.
    pub request_id: Option<String>,
}

impl Actor {
    /// The box itself, outside of a request.
    pub fn system() -> Self {
        Self { who: Who::System, request_id: None }
    }

    /// Somebody in a request.
    pub fn new(who: Who, request_id: impl Into<String>) -> Self {
        Self { who, request_id: Some(request_id.into()) }
    }

    /// The name of the person behind the act: of the user, or of the API key's owner; `system` for the
    /// box itself, `stranger` for who is not signed in.
    pub fn username(&self) -> &str {
        match &self.who {
            Who::System => "system",
            Who::Stranger => "stranger",
            Who::User(name) | Who::ApiKey { user: name, .. } => name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actors_are_written_as_the_audit_log_shows_them() {
        let key = Who::ApiKey { label: "ci@night".into(), user: "ada".into() };
        assert_eq!(key.to_string(), "api_key:ci@night@ada");
        assert_eq!(Actor::new(key, "r1").username(), "ada");
        assert_eq!(Who::User("ada".into()).to_string(), "user:ada");
        assert_eq!(Actor::system().who.to_string(), "system");
    }
}
