//! API keys, for programs that use the box.

use std::process::ExitCode;

use clap::Subcommand;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Session;
use crate::failure::Failure;
use crate::screen::{table, time};

const PATH: &str = "/api/v1/access/api-keys";

#[derive(Subcommand)]
pub(crate) enum Command {
    /// List API keys
    List,
    /// Make an API key; it is shown this once
    Create {
        /// What it is for
        label: String,
        /// Days until it expires; never when absent
        #[arg(long, value_name = "DAYS")]
        expires_in_days: Option<u32>,
    },
    /// Delete an API key
    Delete {
        /// Its id
        id: String,
    },
}

#[derive(Deserialize)]
struct List {
    items: Vec<ApiKey>,
}

#[derive(Deserialize)]
struct ApiKey {
    id: String,
    label: String,
    prefix: String,
    created_at: Timestamp,
    last_used_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Created {
    secret: String,
}

pub(crate) fn run(command: Command, session: &Session) -> Result<ExitCode, Failure> {
    let Session { client, screen } = session;
    match command {
        Command::List => screen.show(&client.get(PATH, &[])?, listed)?,
        Command::Create { label, expires_in_days } => {
            let mut body = json!({ "label": label });
            if let Some(days) = expires_in_days {
                body["expires_in_days"] = days.into();
            }
            screen.show(&client.post(PATH, &body)?, |key: Created| key.secret)?;
        }
        Command::Delete { id } => {
            client.delete(&format!("{PATH}/{id}"))?;
            screen
                .show(&json!({ "id": id, "deleted": true }), |_: Value| format!("Deleted API key {id}."))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn listed(list: List) -> String {
    let rows = list.items.into_iter().map(|key| {
        let when = |at: Option<Timestamp>| at.map_or_else(|| "never".into(), time);
        [
            key.id,
            key.label,
            format!("{}…", key.prefix),
            time(key.created_at),
            when(key.last_used_at),
            when(key.expires_at),
        ]
    });
    table(
        &["id", "label", "begins with", "created", "last used", "expires"],
        rows,
        "There are no API keys yet.",
    )
}
