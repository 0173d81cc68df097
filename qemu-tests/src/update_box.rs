//! A box that takes updates from a server of the tests.

use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::box_client::BoxClient;
use crate::dev_box::DevBox;
use crate::lab::Lab;
use crate::machine::{BOOT, Machine, SERVER_URL, Setup};
use crate::releases::Releases;

/// The health gate's times, laid over those of the image: it finds a system good soon, and is as patient as a slow
/// machine needs.
const GATE: [(&str, &str); 2] = [
    (
        "tmpfiles.extra",
        "f /run/anya-test-gate.toml 0644 - - - healthy_for_seconds = 3\\npatience_seconds = 400\n\
         f /run/anya-test-impatient.toml 0644 - - - patience_seconds = 2\n",
    ),
    ("systemd.unit-dropin.anya-slots-gate.service~anya-test", GATE_DROPIN),
];

const GATE_DROPIN: &str =
    "[Service]\nBindReadOnlyPaths=/run/anya-test-gate.toml:/usr/lib/anya/anya-slots.toml\n";

/// A word of a kernel's command line with which the gate gives a system up soon. For versions of which it is known
/// that they never get there.
#[must_use]
pub fn impatient() -> String {
    let lines =
        GATE_DROPIN.replace("gate.toml", "impatient.toml").replacen('\n', "\nBindReadOnlyPaths=\n", 1);
    let lines = STANDARD.encode(lines);
    format!("systemd.set_credential_binary=systemd.unit-dropin.anya-slots-gate.service~impatient:{lines}")
}

/// The bound on something that a box does by itself: several starts, each as slow as can be.
const LONG: Duration = Duration::from_secs(4 * BOOT.as_secs());

/// How the machines are put together of which an [`UpdateBox`] is a copy: with the gate's times, and a socket for a
/// stick.
#[must_use]
pub fn setup() -> Setup {
    let setup = Setup { socket: true, ..Setup::default() };
    GATE.iter().fold(setup, |setup, (name, text)| setup.with_credential(name, text))
}

/// A box with slots, switched off or on.
pub struct UpdateBox {
    of: DevBox,
}

/// The same, switched on.
pub struct Running {
    /// The machine.
    pub machine: Machine,
    /// A client that is signed in.
    pub client: BoxClient,
}

impl UpdateBox {
    /// A copy of a claimed box of [`setup`], which finds the releases' server.
    ///
    /// # Errors
    /// When it cannot be copied.
    pub fn of(lab: &Lab, dev: &DevBox, name: &str, releases: &Releases) -> Result<Self> {
        Ok(Self { of: dev.copy(lab, name)?.with_server(releases.server().port()) })
    }

    /// The same, whose machines keep a log of what is written to the disk. It cannot be resumed any more.
    #[must_use]
    pub fn with_write_log(self) -> Self {
        Self { of: self.of.with_write_log() }
    }

    /// The box as it was when it was kept, running, with a clock that is right: releases are signed after that.
    ///
    /// # Errors
    /// When it cannot be loaded or does not answer.
    pub fn resume(&self, lab: &Lab) -> Result<Running> {
        let mut machine = self.of.resume(lab)?;
        machine.sh(&format!("date --set=@{}", Timestamp::now().as_second()))?;
        let client = self.of.client(&machine);
        Ok(Running { machine, client })
    }

    /// Switches it on, and waits until it is ready.
    ///
    /// # Errors
    /// When it does not get there.
    pub fn boot(&self, lab: &Lab) -> Result<Running> {
        let running = self.switch_on(lab)?;
        running.machine.wait_ready()?;
        Ok(running)
    }

    /// Switches it on, whatever it gets to.
    ///
    /// # Errors
    /// When QEMU does not start.
    pub fn switch_on(&self, lab: &Lab) -> Result<Running> {
        let machine = self.of.boot(lab)?;
        let client = self.of.client(&machine);
        Ok(Running { machine, client })
    }

    /// Its disk, while it is off.
    #[must_use]
    pub fn disk(&self) -> &crate::disk::Disk {
        self.of.disk()
    }
}

impl Running {
    /// Has it follow the tests' server, and do nothing by itself.
    ///
    /// # Errors
    /// When it refuses.
    pub fn follow_server(&self) -> Result<()> {
        let mut settings = self.client.get("/api/v1/updates/settings")?;
        settings["automatic"] = json!("off");
        settings["server"] = json!(SERVER_URL);
        settings["restart"] = json!({"when": "manual"});
        self.client.put("/api/v1/updates/settings", &settings).map(drop)
    }

    /// How updates are.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn status(&self) -> Result<Value> {
        self.client.get("/api/v1/updates")
    }

    /// Waits until an update is in one of these phases, and gives the status.
    ///
    /// # Errors
    /// When it takes too long.
    pub fn until(&self, phases: &[&str]) -> Result<Value> {
        let met = |status: &Value| phases.contains(&status["phase"]["phase"].as_str().unwrap_or_default());
        self.until_met(&format!("{phases:?}"), met)
    }

    /// Waits until this version runs, and gives the status.
    ///
    /// # Errors
    /// When it takes too long.
    pub fn until_running(&self, version: &str) -> Result<Value> {
        self.until_met(version, |status| status["running"] == version)
    }

    fn until_met(&self, what: &str, met: impl Fn(&Value) -> bool) -> Result<Value> {
        let deadline = Instant::now() + LONG;
        loop {
            // A box that restarts does not answer.
            let last = self.status();
            if let Ok(status) = &last
                && met(status)
            {
                return Ok(status.clone());
            }
            if Instant::now() > deadline {
                bail!("never {what}: {last:?}; {}", self.machine.serial().told());
            }
            std::thread::sleep(Duration::from_millis(500));
        }
    }

    /// Looks for a release, and gives the offer, which may not be measured yet; an error when there is none.
    ///
    /// # Errors
    /// With what the box says.
    pub fn look(&self) -> Result<Value> {
        self.client.post("/api/v1/updates/check", &Value::Null, 202)?;
        let deadline = Instant::now() + BOOT;
        loop {
            let status = self.status()?;
            if status["activity"] != "checking" {
                ensure!(status["phase"]["phase"] == "available", "nothing is offered: {status}");
                return Ok(status["offer"].clone());
            }
            ensure!(Instant::now() < deadline, "it looks and looks: {status}");
            std::thread::sleep(Duration::from_millis(500));
        }
    }

    /// Waits until the box has worked out how much of the release is to be fetched, and gives the offer.
    ///
    /// # Errors
    /// When it takes too long.
    pub fn measured(&self) -> Result<Value> {
        Ok(self.until_met("measured", |status| status["activity"].is_null())?["offer"].clone())
    }

    /// Installs a version, and waits until it waits for the restart. What goes wrong is told.
    ///
    /// # Errors
    /// With what the box says.
    pub fn install(&self, version: &str, insist: bool) -> Result<()> {
        let order = json!({"version": version, "insist": insist});
        self.client.post("/api/v1/updates/install", &order, 202)?;
        let deadline = Instant::now() + BOOT;
        loop {
            let status = self.status()?;
            if status["phase"]["phase"] == "restart_pending" {
                return Ok(());
            }
            ensure!(status["problem"].is_null(), "{}", status["problem"]);
            ensure!(Instant::now() < deadline, "it installs and installs: {status}");
            std::thread::sleep(Duration::from_millis(500));
        }
    }

    /// Restarts into what is installed, and waits until it is known what came of it.
    ///
    /// # Errors
    /// When the box does not come back.
    pub fn restart(&self) -> Result<Value> {
        self.client.post("/api/v1/updates/restart", &Value::Null, 202)?;
        self.until(&["good", "rolled_back"])
    }

    /// The version that runs.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn version(&self) -> Result<String> {
        Ok(self.status()?["running"].as_str().unwrap_or_default().to_owned())
    }
}
