//! The audit log.

use std::collections::BTreeMap;

use appliance_core::audit;
use appliance_core::page::Page;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::mirror;

mirror! {
    /// How it went: it was done, was not allowed, or was allowed and failed.
    #[serde(rename_all = "lowercase")]
    AuditOutcome of audit::AuditOutcome { Ok, Denied, Failed }
}

/// Who did what with what, and how it went.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditEntry {
    /// Ascending by one, from 1.
    pub(crate) sequence: u64,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) at: Timestamp,
    #[schema(example = "user:ada")]
    pub(crate) actor: String,
    #[schema(example = "key.sign")]
    pub(crate) action: String,
    #[schema(example = "key:0199d9a052a27d0c9c3e6a2f0f1d7b11")]
    pub(crate) subject: String,
    pub(crate) outcome: AuditOutcome,
    /// What else is to be known of it.
    pub(crate) detail: BTreeMap<String, String>,
    /// The request that it happened in.
    #[schema(required)]
    pub(crate) request_id: Option<String>,
    /// SHA-256 over this entry and the hash before, hexadecimal.
    pub(crate) hash: String,
    /// The hash of the entry before.
    pub(crate) previous_hash: String,
}

/// A page of the audit log, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditPage {
    pub(crate) items: Vec<AuditEntry>,
    /// Give this as `cursor` for older entries.
    #[schema(required)]
    pub(crate) next_cursor: Option<String>,
}

/// Whether the audit log's chain of hashes holds.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditVerification {
    pub(crate) intact: bool,
    pub(crate) entries: u64,
    /// The newest entry's hash.
    pub(crate) head: String,
    /// The sequence number of the first entry that does not fit.
    #[schema(required)]
    pub(crate) first_broken: Option<u64>,
}

impl From<audit::AuditEntry> for AuditEntry {
    fn from(entry: audit::AuditEntry) -> Self {
        Self {
            sequence: entry.sequence,
            at: entry.at,
            actor: entry.actor,
            action: entry.action,
            subject: entry.subject,
            outcome: entry.outcome.into(),
            detail: entry.detail,
            request_id: entry.request_id,
            hash: entry.hash.to_string(),
            previous_hash: entry.previous_hash.to_string(),
        }
    }
}

impl From<Page<audit::AuditEntry>> for AuditPage {
    fn from(page: Page<audit::AuditEntry>) -> Self {
        Self { items: page.items.into_iter().map(Into::into).collect(), next_cursor: page.next_cursor }
    }
}

impl From<audit::ChainReport> for AuditVerification {
    fn from(report: audit::ChainReport) -> Self {
        Self {
            intact: report.intact,
            entries: report.entries,
            head: report.head.to_string(),
            first_broken: report.first_broken,
        }
    }
}
