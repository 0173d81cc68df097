//! A box of the dev image, claimed and on regtest, kept as a snapshot right after its start: what many
//! tests begin from.

use std::time::Duration;

use anyhow::{Context, Result};
use image::build::Profile;
use serde_json::json;

use crate::box_client::BoxClient;
use crate::disk::Disk;
use crate::lab::Lab;
use crate::machine::{Machine, Setup};
use crate::snapshot;

/// The snapshot's name.
const READY: &str = "ready";

/// The box, switched off, with the snapshot on its disk.
#[derive(Clone, Debug)]
pub struct DevBox {
    disk: Disk,
    setup: Setup,
    api_key: String,
    /// Whether the firmware of the first boot enforced Secure Boot, as the guest's kernel saw it.
    pub secure_boot: bool,
}

impl DevBox {
    /// Boots a new box named `name`, claims it, waits for its node, and keeps that state. Its machine is put together
    /// like `setup`, with the tests' root shell and the node on regtest.
    ///
    /// # Errors
    /// When one of these does not work.
    pub fn prepare(lab: &Lab, name: &str, setup: Setup) -> Result<Self> {
        let disk = Disk::new(lab, name, &lab.disk(Profile::Dev))?;
        let setup = setup.with_agent().with_credential(
            "systemd.unit-dropin.anyad.service~anya-test",
            "[Service]\nEnvironment=ANYAD_BITCOIN__CHAIN=regtest\n",
        );
        let mut machine = Machine::start(lab, &disk, &setup)?;
        machine.wait_ready()?;
        let code = machine.console_value("Claim code", Duration::from_secs(30))?;
        let api_key = machine.client().claim(&code)?;
        let client = machine.client().with_key(&api_key);
        client
            .until("/api/v1/bitcoin/status", Duration::from_secs(120), |node| node["state"] == "running")?;
        client.post("/api/v1/security/keys", &json!({"algorithm": "p256", "label": "the first"}), 201)?;
        let variable = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";
        let secure_boot = machine.sh(&format!("od -An -tu1 -j4 -N1 {variable}"))?.trim() == "1";
        machine.sh("sync")?;
        machine.forget_agent();
        snapshot::save(&mut machine, READY).context("cannot keep the state of the box")?;
        machine.cut_power();
        Ok(Self { disk, setup, api_key, secure_boot })
    }

    /// The box as it was when it was kept, running.
    ///
    /// # Errors
    /// When it cannot be loaded or does not answer.
    pub fn resume(&self, lab: &Lab) -> Result<Machine> {
        let machine = snapshot::load(lab, &self.disk, &self.setup, READY)?;
        machine.wait_ready()?;
        Ok(machine)
    }

    /// Switches the box on with the disk as the last machine left it.
    ///
    /// # Errors
    /// When QEMU does not start.
    pub fn boot(&self, lab: &Lab) -> Result<Machine> {
        Machine::start(lab, &self.disk, &self.setup)
    }

    /// A copy of the box as it was when it was kept, switched off.
    ///
    /// # Errors
    /// When it cannot be copied.
    pub fn copy(&self, lab: &Lab, name: &str) -> Result<Self> {
        let copy = Self { disk: self.disk.copy(lab, name)?, ..self.clone() };
        copy.rewind(lab)?;
        Ok(copy)
    }

    /// The same, whose machines find a server on this port of loopback.
    #[must_use]
    pub fn with_server(mut self, port: u16) -> Self {
        self.setup.server = Some(port);
        self
    }

    /// The same, whose machines keep a log of what is written to the disk. It cannot be resumed any more.
    #[must_use]
    pub fn with_write_log(mut self) -> Self {
        self.setup.write_log = true;
        self
    }

    /// Its disk.
    #[must_use]
    pub fn disk(&self) -> &Disk {
        &self.disk
    }

    /// Switches the box on as the last machine left it, with a clock that shows `time`.
    ///
    /// # Errors
    /// When QEMU does not start.
    pub fn boot_at(&self, lab: &Lab, time: &str) -> Result<Machine> {
        let setup = Setup { clock: Some(time.to_owned()), ..self.setup.clone() };
        Machine::start(lab, &self.disk, &setup)
    }

    /// Puts the disk back to what it was when the box was kept, as after a power cut.
    ///
    /// # Errors
    /// When qemu-img cannot.
    pub fn rewind(&self, lab: &Lab) -> Result<()> {
        snapshot::revert(lab, &self.disk, READY)
    }

    /// A client that is signed in.
    #[must_use]
    pub fn client(&self, machine: &Machine) -> BoxClient {
        machine.client().with_key(&self.api_key)
    }

    /// Removes what is large.
    pub fn discard(&self) {
        self.disk.discard();
    }
}
