//! The audit log.

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde::Deserialize;

use super::Session;
use crate::failure::Failure;
use crate::screen::{table, time};

const PATH: &str = "/api/v1/security/audit";

#[derive(Args)]
pub(crate) struct Audit {
    #[command(subcommand)]
    command: Option<Command>,
    /// At most so many entries, newest first
    #[arg(long, default_value_t = 20)]
    limit: u32,
    /// Older entries: the cursor that the page before ended with
    #[arg(long)]
    cursor: Option<String>,
}

#[derive(Subcommand)]
enum Command {
    /// Check that the chain of hashes holds
    Verify,
}

#[derive(Deserialize)]
struct Page {
    items: Vec<Entry>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Entry {
    sequence: u64,
    at: Timestamp,
    actor: String,
    action: String,
    subject: String,
    outcome: String,
    detail: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Verification {
    intact: bool,
    entries: u64,
    head: String,
    first_broken: Option<u64>,
}

/// Exit status 1 when the chain is broken.
pub(crate) fn run(audit: &Audit, session: &Session) -> Result<ExitCode, Failure> {
    let Session { client, screen } = session;
    if let Some(Command::Verify) = audit.command {
        let answer = client.get(&format!("{PATH}/verification"), &[])?;
        screen.show(&answer, verified)?;
        return Ok(if answer["intact"] == true { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    let mut query = vec![("limit", audit.limit.to_string())];
    query.extend(audit.cursor.clone().map(|cursor| ("cursor", cursor)));
    screen.show(&client.get(PATH, &query)?, listed)?;
    Ok(ExitCode::SUCCESS)
}

fn verified(report: Verification) -> String {
    match (report.intact, report.first_broken) {
        (true, _) => format!(
            "The audit log is intact: {} entries, the newest has the hash {}.",
            report.entries, report.head
        ),
        (false, Some(entry)) => {
            format!("The audit log is BROKEN: entry {entry} of {} does not fit.", report.entries)
        }
        (false, None) => format!("The audit log is BROKEN ({} entries).", report.entries),
    }
}

fn listed(page: Page) -> String {
    let rows = page.items.into_iter().map(|entry| {
        let detail =
            entry.detail.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ");
        [
            entry.sequence.to_string(),
            time(entry.at),
            entry.actor,
            entry.action,
            entry.subject,
            entry.outcome,
            detail,
        ]
    });
    let names = ["no.", "at", "who", "did", "with", "outcome", "detail"];
    let table = table(&names, rows, "The audit log is empty.");
    match page.next_cursor {
        Some(cursor) => format!("{table}\n\nOlder entries: anya audit --cursor {cursor}"),
        None => table,
    }
}
