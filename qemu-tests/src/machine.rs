//! One QEMU machine: firmware, TPM, disk, serial console, control connections.
//!
//! Emulated without acceleration, so that it runs wherever the tests do. Two of its network ports are forwarded from
//! loopback. It is ended when dropped.

use std::fs::File;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::agent::{self, Agent};
use crate::arguments;
use crate::box_client::BoxClient;
use crate::disk::Disk;
use crate::lab::Lab;
use crate::process::{child_in, connect, ended, kill};
use crate::qmp::Qmp;
use crate::serial::{self, Serial};
use crate::stall;
use crate::states::{self, State};
use crate::tpm;

/// The bound on a boot: ten times what it takes on a machine that does nothing else.
pub const BOOT: Duration = Duration::from_secs(400);

/// The address of the server that a [`Setup`] names, as the guest sees it.
pub const SERVER_URL: &str = "http://10.0.2.100";

/// How a machine is put together.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The folder of the TPM's state beside the disk; `None` is a machine without a TPM.
    pub tpm: Option<String>,
    /// What systemd in the guest gets by SMBIOS: names and values. Release images take none.
    pub credentials: Vec<(String, String)>,
    /// A display adapter, so that tty1 is somewhere.
    pub screen: bool,
    /// Memory, in MiB.
    pub memory: u32,
    /// The port on loopback of a server that the guest finds at [`SERVER_URL`].
    pub server: Option<u16>,
    /// Keep a log of all that is written to the disk ([`crate::write_log`]), beside it.
    pub write_log: bool,
    /// The disk can be made to answer no more ([`Machine::silence_disk`]); not beside a log of its writes.
    pub silenceable: bool,
    /// What the clock shows when it is switched on (`2020-01-01T00:00:00`); `None` is the right time.
    pub clock: Option<String>,
    /// A socket into which a [`crate::stick::Stick`] can be plugged.
    pub socket: bool,
    /// Start with stopped processors, for a snapshot to be loaded.
    pub paused: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            tpm: Some("tpm".into()),
            credentials: Vec::new(),
            screen: true,
            memory: 1536,
            server: None,
            write_log: false,
            silenceable: false,
            clock: None,
            socket: false,
            paused: false,
        }
    }
}

impl Setup {
    /// With the root shell of the tests, which needs the dev image.
    #[must_use]
    pub fn with_agent(self) -> Self {
        agent::CREDENTIALS.into_iter().fold(self, |setup, (name, text)| setup.with_credential(name, text))
    }

    /// With one credential more.
    #[must_use]
    pub fn with_credential(mut self, name: &str, text: &str) -> Self {
        self.credentials.push((name.into(), text.into()));
        self
    }
}

/// A machine that was switched on.
pub struct Machine {
    name: String,
    disk: Disk,
    processes: Vec<Child>,
    serial: Serial,
    qmp: Qmp,
    agent: Option<Agent>,
    client: BoxClient,
    peer_port: u16,
    started: Instant,
    stalls: Arc<AtomicUsize>,
}

impl Machine {
    /// Switches a machine on.
    ///
    /// # Errors
    /// When QEMU or the TPM does not start.
    pub fn start(lab: &Lab, disk: &Disk, setup: &Setup) -> Result<Self> {
        let folder = disk.folder();
        for socket in [arguments::SERIAL, arguments::QMP, arguments::STALL, arguments::AGENT] {
            // Left by an earlier run of this machine, if at all.
            let _ = std::fs::remove_file(folder.join(socket));
        }
        let mut processes = Vec::new();
        if let Some(state) = &setup.tpm {
            processes.push(tpm::start(lab, folder, state)?);
        }
        std::fs::write(folder.join(arguments::FORWARD), arguments::forward_script(setup.server))?;
        if setup.write_log {
            // QEMU wants it to be there.
            File::create(folder.join(arguments::WRITE_LOG))?;
        }
        let ports = [free_port()?, free_port()?];
        let mut command = lab.command("qemu-system-x86_64");
        // QEMU looks translated code up in tables of megabytes, which is quicker with large pages.
        command.env("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1");
        command.args(arguments::of(setup, ports));
        std::fs::write(folder.join("qemu.command"), told(&command))?;
        match child_in(folder, command, "qemu.log", Stdio::null()) {
            Ok(qemu) => processes.push(qemu),
            Err(error) => {
                processes.iter_mut().for_each(kill);
                return Err(error);
            }
        }
        let started = Instant::now();
        let (serial, qmp, stalls) = match controls(disk, processes.last_mut().expect("QEMU was just started"))
        {
            Ok(controls) => controls,
            Err(error) => {
                processes.iter_mut().for_each(kill);
                return Err(
                    error.context(std::fs::read_to_string(folder.join("qemu.log")).unwrap_or_default())
                );
            }
        };
        let [page, peer_port] = ports;
        let client = BoxClient::new(page)?;
        let (name, disk) = (disk.name(), disk.clone());
        Ok(Self { name, disk, processes, serial, qmp, agent: None, client, peer_port, started, stalls })
    }

    /// The serial console.
    #[must_use]
    pub fn serial(&self) -> &Serial {
        &self.serial
    }

    /// Time since the machine was switched on.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.started.elapsed()
    }

    /// A client of the box in the machine.
    #[must_use]
    pub fn client(&self) -> BoxClient {
        self.client.clone()
    }

    /// The port of loopback that leads to the one at which other Bitcoin nodes call the box.
    #[must_use]
    pub fn peer_port(&self) -> u16 {
        self.peer_port
    }

    /// QEMU's control connection.
    pub fn qmp(&mut self) -> &mut Qmp {
        &mut self.qmp
    }

    /// How often a start stalled and was begun anew, which is no fault of the box's (`stall.rs`).
    pub(crate) fn stalls(&self) -> usize {
        self.stalls.load(Ordering::SeqCst)
    }

    /// The state that the console told last, from line `from` on.
    #[must_use]
    pub fn state(&self, from: usize) -> State {
        if self.serial.closed() {
            return State::PoweredOff;
        }
        if let Some(state) = states::of_line(&self.serial.unfinished()) {
            return state;
        }
        let lines = self.serial.lines();
        lines[from.min(lines.len())..]
            .iter()
            .rev()
            .find_map(|line| states::of_line(&line.text))
            .unwrap_or(State::Firmware)
    }

    /// What the console shows under this label, from the start on.
    ///
    /// # Errors
    /// When it is not shown within the time.
    pub fn console_value(&self, label: &str, within: Duration) -> Result<String> {
        let labelled = |line: &str| Some(line.strip_prefix(label)?.strip_prefix(':')?.trim().to_owned());
        Ok(self.serial.wait(label, 0, within, labelled)?.0)
    }

    /// Ends the connection to the root shell, which a snapshot cannot hold.
    pub fn forget_agent(&mut self) {
        self.agent = None;
    }

    /// How often the firmware started a boot loader: more than the one time is a reboot. Starts that stalled for no
    /// fault of the box's (`stall.rs`) do not count.
    #[must_use]
    pub fn starts(&self) -> usize {
        let is_loader = |line: &&serial::Line| states::of_line(&line.text) == Some(State::Loader);
        let loaders = self.serial.lines().iter().filter(is_loader).count();
        loaders.saturating_sub(self.stalls())
    }

    /// Waits until the box serves its page, and gives the fault that it tells of, or null.
    ///
    /// # Errors
    /// When that does not happen within [`BOOT`], or the console tells that it never will.
    pub fn wait_served(&self) -> Result<Value> {
        let deadline = Instant::now() + BOOT;
        loop {
            let state = self.state(0);
            if state.is_bad() {
                bail!("{}: the guest is at {state:?}; {}", self.name, self.serial.told());
            }
            if let Some(fault) = self.client.serves() {
                return Ok(fault);
            }
            if Instant::now() > deadline {
                bail!("{}: no page within {BOOT:?}; {}", self.name, self.serial.told());
            }
            std::thread::sleep(Duration::from_millis(250));
        }
    }

    /// Waits until the box is ready: its page is there and tells of no fault.
    ///
    /// # Errors
    /// As [`Self::wait_served`], and when there is a fault.
    pub fn wait_ready(&self) -> Result<()> {
        let fault = self.wait_served()?;
        if !fault.is_null() {
            bail!("{}: the box tells of a fault: {fault:#}; {}", self.name, self.serial.told());
        }
        Ok(())
    }

    /// Waits until a box that told of a fault goes on without it.
    ///
    /// # Errors
    /// When it does not within [`BOOT`].
    pub fn wait_normal(&self) -> Result<()> {
        let deadline = Instant::now() + BOOT;
        while self.client.serves() != Some(Value::Null) {
            if Instant::now() > deadline {
                let now = self.client.ask("GET", "/api/v1/system/fault", None);
                bail!("{}: not back without the fault ({now:?}); {}", self.name, self.serial.told());
            }
            std::thread::sleep(Duration::from_millis(250));
        }
        Ok(())
    }

    /// Runs a command as root in the guest (dev image) and gives its status and output.
    ///
    /// # Errors
    /// When there is no answer within the time.
    pub fn run(&mut self, command: &str, within: Duration) -> Result<(i32, String)> {
        if self.agent.is_none() {
            let qemu = self.processes.last_mut().expect("QEMU is there until the machine is dropped");
            let mut agent = Agent::new(connect(self.disk.folder(), arguments::AGENT, qemu, within)?);
            agent.wait(within).with_context(|| self.serial.told())?;
            self.agent = Some(agent);
        }
        let agent = self.agent.as_mut().expect("made above where it was missing");
        agent.run(command, within).with_context(|| self.serial.told())
    }

    /// Runs a command as root that has to succeed, and gives its output.
    ///
    /// # Errors
    /// When it fails or does not answer within a minute.
    pub fn sh(&mut self, command: &str) -> Result<String> {
        let (status, output) = self.run(command, Duration::from_secs(60))?;
        if status != 0 {
            bail!("{command:?} in the guest ended with {status}: {output}");
        }
        Ok(output)
    }

    /// Presses the power button and waits until the machine is off.
    ///
    /// # Errors
    /// When the guest does not shut down within two minutes.
    pub fn power_down(mut self) -> Result<()> {
        self.qmp.execute("system_powerdown", &json!({}))?;
        self.wait_off()
    }

    /// Tells the guest (dev image) to shut down, and waits until the machine is off.
    ///
    /// # Errors
    /// When the guest does not shut down within two minutes.
    pub fn shut_down(mut self) -> Result<()> {
        let asked = self.sh("systemctl --no-block poweroff").map(drop);
        // The shell may be stopped before its answer is there.
        self.wait_off().map_err(|error| asked.err().unwrap_or(error))
    }

    /// When the guest restarts, the machine is switched off instead, with the disk as it is then.
    ///
    /// # Errors
    /// When QEMU refuses it.
    pub fn stop_at_restart(&mut self) -> Result<()> {
        self.qmp.execute("set-action", &json!({"reboot": "shutdown"}))?;
        Ok(())
    }

    /// Waits until the machine switches itself off.
    ///
    /// # Errors
    /// When it does not within two minutes.
    pub fn wait_off(mut self) -> Result<()> {
        let qemu = self.processes.last_mut().expect("QEMU is there until the machine is dropped");
        if !ended(qemu, Duration::from_secs(120))? {
            bail!("{}: it did not switch itself off; {}", self.name, self.serial.told());
        }
        Ok(())
    }

    /// Cuts the power: nothing is written any more.
    pub fn cut_power(self) {
        drop(self);
    }
}

impl Drop for Machine {
    #[expect(clippy::print_stderr, reason = "the way to the log of a test that failed")]
    fn drop(&mut self) {
        // QEMU first: the TPM ends with it.
        self.processes.iter_mut().rev().for_each(kill);
        if std::thread::panicking() {
            eprintln!("{}, {:.0} s: {}", self.name, self.age().as_secs_f64(), self.serial.told());
        }
    }
}

/// Opens the serial port, at which QEMU waits before it starts the guest, and then the control connections. Counts how
/// often the machine is reset as it stalled.
fn controls(disk: &Disk, qemu: &mut Child) -> Result<(Serial, Qmp, Arc<AtomicUsize>)> {
    let folder = disk.folder();
    let within = Duration::from_secs(60);
    let port = connect(folder, arguments::SERIAL, qemu, within).context("QEMU")?;
    let serial = Serial::record(port, &folder.join("serial.log"))?;
    let mut control = |socket| Qmp::new(connect(folder, socket, qemu, within).context("QEMU")?);
    let qmp = control(arguments::QMP)?;
    let stalls = stall::look_out(disk.name(), serial.clone(), control(arguments::STALL)?);
    Ok((serial, qmp, stalls))
}

/// A port of loopback that is free now.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// The command line for who wants to start the machine by hand.
fn told(command: &Command) -> String {
    let words = command.get_args().map(|word| word.to_string_lossy().into_owned());
    words.skip_while(|word| word != "qemu-system-x86_64").collect::<Vec<_>>().join("\n")
}
