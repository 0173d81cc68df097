//! Who sends a request.

use jiff::Timestamp;

use super::User;
use crate::audit::{Actor, Who};

/// What a request shows to prove who sent it.
#[derive(Clone, Copy)]
pub enum Credential<'a> {
    /// The secret of a session, from the cookie.
    Session(&'a str),
    /// An API key.
    ApiKey(&'a str),
}

/// How somebody is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Via {
    /// By a session.
    Session,
    /// By an API key.
    ApiKey {
        /// Its id.
        id: String,
        /// Its label.
        label: String,
    },
}

/// Somebody who is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// Who.
    pub user: User,
    /// How.
    pub via: Via,
    /// When the session or API key ends for good; `None` for a key that never does. A session also ends
    /// [`super::SESSION_IDLE`] after its last use.
    pub expires_at: Option<Timestamp>,
}

impl Principal {
    /// Who it is, as the audit log and the service's log name them: `user:ada`, `api_key:ci@ada`.
    pub fn label(&self) -> String {
        self.who().to_string()
    }

    /// The actor of what this request does.
    pub fn actor(&self, request_id: &str) -> Actor {
        Actor::new(self.who(), request_id)
    }

    fn who(&self) -> Who {
        let user = self.user.username.clone();
        match &self.via {
            Via::Session => Who::User(user),
            Via::ApiKey { label, .. } => Who::ApiKey { label: label.clone(), user },
        }
    }
}
