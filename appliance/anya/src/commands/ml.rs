//! Devices that can run models, and the models.

use std::process::ExitCode;

use serde::Deserialize;

use super::Session;
use crate::failure::Failure;
use crate::screen::{size, table};

#[derive(Deserialize)]
struct Devices {
    items: Vec<Device>,
    state: String,
    detail: Option<String>,
}

#[derive(Deserialize)]
struct Device {
    name: String,
    kind: String,
    driver: String,
    backend: String,
    software: bool,
}

#[derive(Deserialize)]
struct Models {
    items: Vec<Model>,
}

#[derive(Deserialize)]
struct Model {
    id: String,
    kind: String,
    state: State,
    size_bytes: u64,
    parameters: u64,
    quantization: String,
    context_tokens: u32,
    license: String,
    device: String,
}

#[derive(Deserialize)]
struct State {
    state: String,
    reason: Option<String>,
}

pub(super) fn devices(session: &Session) -> Result<ExitCode, Failure> {
    session.screen.show(&session.client.get("/api/v1/ml/devices", &[])?, |devices: Devices| {
        let rows = devices.items.into_iter().map(|device| {
            let note = if device.software { "computes on the processor" } else { "" };
            [device.name, device.kind, device.backend, device.driver, note.into()]
        });
        let table = table(&["name", "kind", "interface", "driver", "note"], rows, "There are no devices.");
        match (devices.state.as_str(), devices.detail) {
            ("ready", _) => table,
            ("probing", _) => format!("{table}\n\nThe search for graphics cards is still going on."),
            (state, detail) => {
                format!("{table}\n\nThe search for graphics cards: {state}. {}", detail.unwrap_or_default())
            }
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn models(session: &Session) -> Result<ExitCode, Failure> {
    session.screen.show(&session.client.get("/api/v1/ml/models", &[])?, |models: Models| {
        let rows = models.items.into_iter().map(|model| {
            let state = match model.state.reason {
                Some(reason) => format!("{}: {reason}", model.state.state),
                None => model.state.state.replace('_', " "),
            };
            [
                model.id,
                model.kind,
                state,
                model.device,
                size(model.size_bytes),
                format!("{} M", model.parameters / 1_000_000),
                model.quantization,
                model.context_tokens.to_string(),
                model.license,
            ]
        });
        let names = ["id", "kind", "state", "on", "size", "weights", "as", "context", "licence"];
        table(&names, rows, "There are no models.")
    })?;
    Ok(ExitCode::SUCCESS)
}
