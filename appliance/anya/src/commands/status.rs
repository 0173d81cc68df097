//! How the box is, on one screen.

use std::process::ExitCode;

use serde::Deserialize;
use serde_json::json;

use super::Session;
use crate::failure::Failure;
use crate::screen::{duration, pairs, size, table};

#[derive(Deserialize)]
struct Answer {
    readiness: Readiness,
    system: System,
}

#[derive(Deserialize)]
struct Readiness {
    status: String,
    components: Vec<Component>,
}

#[derive(Deserialize)]
struct Component {
    name: String,
    state: String,
    required: bool,
    detail: String,
}

#[derive(Deserialize)]
struct System {
    name: String,
    version: String,
    hostname: String,
    uptime_seconds: u64,
    profile: String,
    address: String,
    board: Board,
}

#[derive(Deserialize)]
struct Board {
    processor: String,
    cores: u32,
    load_1min: f32,
    memory_total_bytes: u64,
    memory_available_bytes: u64,
    service_resident_bytes: u64,
    data_disk: Disk,
    temperatures: Vec<Temperature>,
}

#[derive(Deserialize)]
struct Disk {
    path: String,
    total_bytes: u64,
    available_bytes: u64,
}

#[derive(Deserialize)]
struct Temperature {
    sensor: String,
    celsius: f32,
}

/// Exit status 1 when the box is not ready.
pub(super) fn run(session: &Session) -> Result<ExitCode, Failure> {
    let readiness = session.client.readiness()?;
    let ready = readiness["status"] != "not_ready";
    let system = session.client.get("/api/v1/system", &[])?;
    session.screen.show(&json!({ "readiness": readiness, "system": system }), told)?;
    Ok(if ready { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn told(answer: Answer) -> String {
    let Answer { readiness, system } = answer;
    let board = system.board;
    let temperatures: Vec<_> =
        board.temperatures.iter().map(|zone| format!("{} {:.0} °C", zone.sensor, zone.celsius)).collect();
    let head = pairs(&[
        ("Box", format!("{} {}, {}", system.name, system.version, readiness.status.replace('_', " "))),
        ("Address", system.address),
        ("Host", format!("{} ({})", system.hostname, system.profile)),
        ("Running for", duration(system.uptime_seconds)),
        ("Processor", format!("{}, {} cores, load {:.2}", board.processor, board.cores, board.load_1min)),
        (
            "Memory",
            format!("{} free of {}", size(board.memory_available_bytes), size(board.memory_total_bytes)),
        ),
        ("Service", format!("{} resident", size(board.service_resident_bytes))),
        (
            "Disk",
            format!(
                "{} free of {} at {}",
                size(board.data_disk.available_bytes),
                size(board.data_disk.total_bytes),
                board.data_disk.path
            ),
        ),
        ("Temperature", temperatures.join(", ")),
    ]);
    let rows = readiness.components.into_iter().map(|part| {
        let need = if part.required { "required" } else { "" };
        [part.name, part.state, need.into(), part.detail]
    });
    format!("{head}\n\n{}", table(&["part", "state", "", "detail"], rows, "No parts."))
}
