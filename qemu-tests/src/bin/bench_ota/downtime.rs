//! The downtime of an update: from the order to restart to the service of the new version being ready.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use qemu_tests::dev_box::DevBox;
use qemu_tests::releases::{NewRelease, Releases};
use qemu_tests::update_box::{self, UpdateBox};
use serde::Serialize;
use serde_json::Value;

use crate::Bench;

/// How often it is asked whether the box is back.
const ASK: Duration = Duration::from_millis(200);
/// An emulated machine is slow.
const LONG: Duration = Duration::from_secs(600);

/// What was measured in an emulated machine, seconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Downtime {
    /// Fetching and installing, as the owner sees it.
    pub(crate) install_seconds: f64,
    /// From the order to restart to an answer of the new version's service that it is ready.
    pub(crate) restart_to_ready_seconds: f64,
    /// What the server sent, bytes.
    pub(crate) served_bytes: u64,
}

/// Updates a box from the older image to the newer one.
pub(crate) fn measure(bench: &Bench<'_>) -> Result<Downtime> {
    let lab = bench.lab;
    let dev = DevBox::prepare(lab, "bench-ota", update_box::setup())?;
    let releases = Releases::new(lab, "bench-ota")?;
    releases.publish(lab, &NewRelease::of("0.2.0"))?;
    let of = UpdateBox::of(lab, &dev, "bench-ota-update", &releases)?;
    let running = of.boot(lab)?;
    running.follow_server()?;
    running.look()?;
    running.measured()?;
    let began = Instant::now();
    running.install("0.2.0", false)?;
    let install = began.elapsed();
    let began = Instant::now();
    running.client.post("/api/v1/updates/restart", &Value::Null, 202)?;
    // The old version answers until it is stopped.
    while running.version().ok().as_deref() != Some("0.2.0") {
        ensure!(began.elapsed() < LONG, "the box does not come back");
        std::thread::sleep(ASK);
    }
    let restart = began.elapsed();
    let served_bytes = releases.server().served();
    running.machine.shut_down()?;
    dev.discard();
    Ok(Downtime {
        install_seconds: install.as_secs_f64(),
        restart_to_ready_seconds: restart.as_secs_f64(),
        served_bytes,
    })
}
