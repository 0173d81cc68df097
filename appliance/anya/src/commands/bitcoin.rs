//! The Bitcoin node.

use std::process::ExitCode;

use clap::Subcommand;
use serde::Deserialize;
use serde_json::json;

use super::Session;
use crate::failure::Failure;
use crate::screen::{duration, pairs};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// How the node is
    Status,
    /// Show what was decided about the node, or decide it
    Settings {
        /// Whether other nodes may call this one; the node is started again with it
        #[arg(long, value_name = "true|false")]
        accepts_peers: Option<bool>,
    },
    /// Make blocks, on regtest
    Mine {
        /// How many, 1 to 100
        #[arg(default_value_t = 1)]
        count: u32,
    },
}

#[derive(Deserialize)]
struct Status {
    state: String,
    detail: Option<String>,
    chain: String,
    blocks: u64,
    headers: u64,
    best_block_hash: Option<String>,
    sync_progress: Option<f64>,
    peers: Peers,
    version: Option<String>,
    implementation: Option<String>,
    rules: Rules,
    source: String,
    restarts: u32,
    uptime_seconds: Option<u64>,
    block_source: Vec<String>,
}

#[derive(Deserialize)]
struct Peers {
    inbound: u32,
    outbound: u32,
}

#[derive(Deserialize)]
struct Rules {
    verdict: String,
    reason: Option<String>,
}

#[derive(Deserialize)]
struct Settings {
    accepts_peers: bool,
}

#[derive(Deserialize)]
struct Mined {
    height: u64,
    hashes: Vec<String>,
}

pub(crate) fn run(command: &Command, session: &Session) -> Result<ExitCode, Failure> {
    let Session { client, screen } = session;
    match command {
        Command::Status => screen.show(&client.get("/api/v1/bitcoin/status", &[])?, told)?,
        Command::Settings { accepts_peers } => {
            let path = "/api/v1/bitcoin/settings";
            let settings = match accepts_peers {
                Some(accepts) => client.put(path, &json!({ "accepts_peers": accepts }))?,
                None => client.get(path, &[])?,
            };
            screen.show(&settings, |settings: Settings| {
                let may = if settings.accepts_peers { "may" } else { "may not" };
                format!("Other nodes {may} call this one.")
            })?;
        }
        Command::Mine { count } => {
            let mined = client.post("/api/v1/bitcoin/regtest/blocks", &json!({ "count": count }))?;
            screen.show(&mined, |mined: Mined| {
                format!("{}\nThe chain is {} blocks high.", mined.hashes.join("\n"), mined.height)
            })?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn told(node: Status) -> String {
    let with = |word: String, detail: Option<String>| match detail {
        Some(detail) => format!("{word}: {detail}"),
        None => word,
    };
    let program = [node.implementation, node.version].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let synced = node.sync_progress.map(|progress| format!(", {:.2} % verified", progress * 100.0));
    pairs(&[
        ("State", with(node.state, node.detail)),
        ("Chain", node.chain),
        ("Height", format!("{} of {} headers{}", node.blocks, node.headers, synced.unwrap_or_default())),
        ("Newest block", node.best_block_hash.unwrap_or_default()),
        ("Peers", format!("{} in, {} out", node.peers.inbound, node.peers.outbound)),
        ("Program", program),
        ("From", node.source),
        ("Rules", with(node.rules.verdict, node.rules.reason)),
        ("New blocks by", node.block_source.join(", ")),
        ("Running for", node.uptime_seconds.map(duration).unwrap_or_default()),
        ("Restarts", node.restarts.to_string()),
    ])
}
