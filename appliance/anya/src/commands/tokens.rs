//! The tokens that hold keys.

use std::process::ExitCode;

use serde::Deserialize;

use super::Session;
use crate::failure::Failure;
use crate::screen::table;

#[derive(Deserialize)]
struct List {
    items: Vec<Token>,
}

#[derive(Deserialize)]
struct Token {
    name: String,
    kind: String,
    manufacturer: String,
    model: String,
    firmware: String,
    algorithms: Vec<Algorithm>,
    health: Health,
    keys: u64,
}

#[derive(Deserialize)]
struct Algorithm {
    algorithm: String,
}

#[derive(Deserialize)]
struct Health {
    state: String,
    reason: Option<String>,
}

pub(super) fn run(session: &Session) -> Result<ExitCode, Failure> {
    session.screen.show(&session.client.get("/api/v1/security/tokens", &[])?, listed)?;
    Ok(ExitCode::SUCCESS)
}

fn listed(list: List) -> String {
    let rows = list.items.into_iter().map(|token| {
        let algorithms = token.algorithms.into_iter().map(|support| support.algorithm).collect::<Vec<_>>();
        let health = match token.health.reason {
            Some(reason) => format!("{}: {reason}", token.health.state),
            None => token.health.state,
        };
        [
            token.name,
            token.kind,
            format!("{} {}", token.manufacturer.trim(), token.model.trim()),
            token.firmware,
            algorithms.join(", "),
            token.keys.to_string(),
            health,
        ]
    });
    table(&["name", "kind", "model", "firmware", "keys of", "keys", "health"], rows, "There are no tokens.")
}
