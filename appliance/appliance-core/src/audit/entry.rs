//! Entries of the audit log, before and after they are chained.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Actor;

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuditOutcome {
    /// It was done.
    Ok,
    /// It was not allowed.
    Denied,
    /// It was allowed, and failed.
    Failed,
}

impl AuditOutcome {
    /// The serialised name: `ok`, `denied`, `failed`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Denied => "denied",
            Self::Failed => "failed",
        }
    }

    /// The outcome of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Ok, Self::Denied, Self::Failed].into_iter().find(|outcome| outcome.name() == name)
    }
}

/// What is to be noted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    /// When, kept to the microsecond.
    pub at: Timestamp,
    /// Who, in which request.
    pub actor: Actor,
    /// What was done: `key.create`, `key.sign`, `access.claim`, …
    pub action: &'static str,
    /// To what: `key:<id>`, `user:<name>`, `api_key:<id>`, `box`.
    pub subject: String,
    /// How it went.
    pub outcome: AuditOutcome,
    /// What else is to be known. Never secrets, PINs or messages.
    pub detail: BTreeMap<String, String>,
}

impl AuditRecord {
    /// A record without details.
    pub fn new(
        at: Timestamp,
        actor: Actor,
        action: &'static str,
        subject: String,
        outcome: AuditOutcome,
    ) -> Self {
        Self { at, actor, action, subject, outcome, detail: BTreeMap::new() }
    }

    /// Adds a detail.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.detail.insert(name.to_owned(), value.into());
        self
    }
}

/// A SHA-256 of the chain, 32 bytes; written as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChainHash(pub [u8; 32]);

impl fmt::Display for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is not 64 hexadecimal digits.
#[derive(Debug, thiserror::Error)]
#[error("a hash of the audit log is 64 hexadecimal digits")]
pub struct ParseChainHashError;

impl FromStr for ChainHash {
    type Err = ParseChainHashError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| ParseChainHashError)?;
        Ok(Self(bytes))
    }
}

impl Serialize for ChainHash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ChainHash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Its number, ascending by one from 1.
    pub sequence: u64,
    /// When, in whole microseconds.
    pub at: Timestamp,
    /// Who, as [`super::Who`] is written.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub subject: String,
    /// How it went.
    pub outcome: AuditOutcome,
    /// What else is to be known of it.
    pub detail: BTreeMap<String, String>,
    /// The request it happened in.
    pub request_id: Option<String>,
    /// The hash of this entry ([`super::entry_hash`]).
    pub hash: ChainHash,
    /// The hash of the entry before, 32 zero bytes before the first.
    pub previous_hash: ChainHash,
}

impl AuditEntry {
    /// Chains a record behind the entry numbered `sequence - 1` whose hash is `previous_hash`.
    pub fn chain(record: AuditRecord, sequence: u64, previous_hash: ChainHash) -> Self {
        let at = Timestamp::from_microsecond(record.at.as_microsecond()).unwrap_or(record.at);
        let mut entry = Self {
            sequence,
            at,
            actor: record.actor.who.to_string(),
            action: record.action.to_owned(),
            subject: record.subject,
            outcome: record.outcome,
            detail: record.detail,
            request_id: record.actor.request_id,
            hash: super::GENESIS,
            previous_hash,
        };
        entry.hash = super::entry_hash(&entry);
        entry
    }
}
