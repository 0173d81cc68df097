//! What the owner decides about updates.

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::PATH;
use crate::commands::Session;
use crate::failure::Failure;
use crate::screen::{pairs, size};

/// What is given is changed; the rest stays.
#[derive(Args)]
pub(crate) struct Settings {
    /// How much the box does by itself
    #[arg(long)]
    automatic: Option<Automatic>,
    /// The address of the server; `none` for updates by file alone
    #[arg(long, value_name = "ADDRESS|none")]
    server: Option<String>,
    /// The channel to follow, such as stable
    #[arg(long)]
    channel: Option<String>,
    /// How often the box looks by itself, hours from 1 to 168
    #[arg(long, value_name = "HOURS")]
    check_every_hours: Option<u32>,
    /// When the box restarts into an update: a time of the day in UTC, such as 03:30, `now`, or `manual`
    #[arg(long, value_name = "HH:MM|now|manual")]
    restart: Option<String>,
    /// The most that is downloaded, bytes per second; `none` for no limit
    #[arg(long, value_name = "BYTES|none")]
    bandwidth: Option<String>,
}

/// How much the box does by itself.
#[derive(Clone, Copy, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
enum Automatic {
    /// Nothing
    Off,
    /// Look for new versions
    Check,
    /// Download them, too
    Download,
    /// Install them, too
    Install,
}

#[derive(Deserialize)]
struct Kept {
    automatic: String,
    server: Option<String>,
    channel: String,
    check_every_hours: u16,
    restart: Restart,
    bandwidth: Option<u64>,
}

#[derive(Deserialize)]
struct Restart {
    when: String,
    at: Option<String>,
}

impl Settings {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        let path = format!("{PATH}/settings");
        let kept = session.client.get(&path, &[])?;
        let mut wanted = kept.clone();
        self.put_into(&mut wanted)?;
        let now = if wanted == kept { kept } else { session.client.put(&path, &wanted)? };
        session.screen.show(&now, told)
    }

    fn put_into(self, settings: &mut Value) -> Result<(), Failure> {
        if let Some(automatic) = self.automatic {
            settings["automatic"] = json!(automatic);
        }
        if let Some(server) = self.server {
            settings["server"] = if server == "none" { Value::Null } else { server.into() };
        }
        if let Some(channel) = self.channel {
            settings["channel"] = channel.into();
        }
        if let Some(hours) = self.check_every_hours {
            settings["check_every_hours"] = hours.into();
        }
        if let Some(restart) = self.restart {
            settings["restart"] = match restart.as_str() {
                "now" | "manual" => json!({ "when": restart, "at": null }),
                at => json!({ "when": "at", "at": at }),
            };
        }
        if let Some(bandwidth) = self.bandwidth {
            settings["bandwidth"] = match bandwidth.as_str() {
                "none" => Value::Null,
                number => number.parse::<u64>().map(Value::from).map_err(|_| {
                    Failure::Argument(format!("`{number}` is no number of bytes per second, and not `none`"))
                })?,
            };
        }
        Ok(())
    }
}

fn told(kept: Kept) -> String {
    let automatic = match kept.automatic.as_str() {
        "off" => "nothing".into(),
        "check" => "looks for new versions".into(),
        "download" => "looks for new versions and downloads them".into(),
        "install" => "looks for new versions, downloads and installs them".into(),
        _ => kept.automatic,
    };
    let restart = match (kept.restart.when.as_str(), kept.restart.at) {
        ("at", Some(at)) => format!("at {at} UTC"),
        ("now", _) => "at once".into(),
        _ => "when you say so".into(),
    };
    pairs(&[
        ("By itself", automatic),
        ("Server", kept.server.unwrap_or_else(|| "none: updates come by file".into())),
        ("Channel", kept.channel),
        ("Looks every", format!("{} h", kept.check_every_hours)),
        ("Restarts", restart),
        (
            "Downloads",
            kept.bandwidth
                .map_or("as fast as it can".into(), |rate| format!("{} a second at most", size(rate))),
        ),
    ])
}
