//! Fault mode from outside: the data partition is closed, the page helps, and the box goes on.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use hal_api::HalErrorKind;
use hal_api::volume::protocol::{Refusal, VolumeAnswer, VolumeRequest};
use hal_api::volume::{ClosedReason, DataVolume};
use hal_sim::{SimVolume, VolumeAct};
use reqwest::blocking::Client;
use serde_json::{Value, json};

use crate::boxed::{Box, PATIENCE, Process, anyad};

/// Serves this volume as the program that looks after it would.
fn serve(volume: SimVolume, socket: &Path) {
    let listener = UnixListener::bind(socket).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut line = String::new();
            BufReader::new(&stream).read_line(&mut line).unwrap();
            let answer = serde_json::to_string(&answer(&volume, &line)).unwrap();
            writeln!(&stream, "{answer}").unwrap();
        }
    });
}

fn answer(volume: &SimVolume, line: &str) -> VolumeAnswer {
    let accepted = |()| VolumeAnswer::Accepted { accepted: true };
    let done = match serde_json::from_str(line).unwrap() {
        VolumeRequest::Status => volume.status().map(VolumeAnswer::Status),
        VolumeRequest::Unlock { recovery_key } => volume.unlock(&recovery_key).map(VolumeAnswer::Status),
        VolumeRequest::MakeRecoveryKey => {
            volume.make_recovery_key().map(|recovery_key| VolumeAnswer::RecoveryKey { recovery_key })
        }
        VolumeRequest::Reseal { recovery_key } => volume.reseal(&recovery_key).map(accepted),
        VolumeRequest::Erase => volume.erase().map(accepted),
        VolumeRequest::Restart => volume.restart().map(accepted),
    };
    done.unwrap_or_else(|error| {
        let refusal = match error.kind {
            HalErrorKind::PinIncorrect => Refusal::WrongKey,
            _ => Refusal::NotNow,
        };
        VolumeAnswer::Refused { error: refusal, text: error.to_string() }
    })
}

/// What stands behind a label on the console; waits until it does.
fn on_console(console: &Path, label: &str) -> String {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let text = std::fs::read_to_string(console).unwrap_or_default();
        let found = text.lines().find_map(|line| line.trim_start().strip_prefix(label)?.strip_prefix(':'));
        // A line that is being written is not one yet.
        if let Some(value) = found.filter(|_| text.ends_with('\n')) {
            return value.trim().to_owned();
        }
        assert!(Instant::now() < deadline, "the console does not show {label}:\n{text}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

struct Machine {
    folder: tempfile::TempDir,
    socket: PathBuf,
    console: PathBuf,
}

impl Machine {
    fn with(volume: &SimVolume) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (socket, console) = (folder.path().join("volume"), folder.path().join("console"));
        std::fs::write(&console, "").unwrap();
        serve(volume.clone(), &socket);
        Self { folder, socket, console }
    }

    /// The box's service; returns when it works, which takes somebody's help while the volume is closed.
    fn start(&self) -> Box {
        Box::start_in(&self.data(), |command| self.prepare(command))
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("box")
    }

    fn prepare(&self, command: &mut Command) {
        command
            .arg("--no-bitcoin")
            .env("ANYAD_APPLIANCE__ENABLED", "true")
            .env("ANYAD_APPLIANCE__VOLUME_SOCKET", &self.socket)
            .env("ANYAD_CONSOLE__PATHS", format!("[\"-\", \"{}\"]", self.console.display()))
            .env("NOTIFY_SOCKET", self.folder.path().join("notify"))
            .env("WATCHDOG_USEC", "400000");
    }
}

/// A client that takes any certificate: that of fault mode is made in memory.
fn client() -> Client {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    Client::builder().tls_danger_accept_invalid_certs(true).timeout(PATIENCE).build().unwrap()
}

fn post(url: &str, path: &str, body: &Value) -> (u16, Value) {
    let answer = client().post(format!("{url}{path}")).json(body).send().unwrap();
    (answer.status().as_u16(), answer.json().unwrap_or_default())
}

#[test]
fn a_closed_volume_is_opened_by_its_key_and_the_start_goes_on() {
    let (volume, key) = SimVolume::closed(ClosedReason::TpmRefused);
    let machine = Machine::with(&volume);
    let notified = UnixDatagram::bind(machine.folder.path().join("notify")).unwrap();
    let console = machine.console.clone();
    let owner = std::thread::spawn(move || {
        let code = on_console(&console, "Erase code");
        let url = on_console(&console, "Address");
        let get = |path: &str| client().get(format!("{url}{path}")).send().unwrap();
        let fault: Value = get("/api/v1/system/fault").json().unwrap();
        assert_eq!(fault["fault"]["reason"], "tpm_refused");
        assert_eq!(fault["fault"]["ways_out"], json!(["recovery_key", "restart", "erase"]));
        assert_eq!(on_console(&console, "Problem"), fault["fault"]["title"]);
        assert_eq!(
            (get("/healthz").status(), get("/readyz").status().as_u16()),
            (200.try_into().unwrap(), 503)
        );
        // The service manager hears that all is well: nothing restarts the service.
        let (mut ready, mut alive) = (false, 0);
        notified.set_read_timeout(Some(PATIENCE)).unwrap();
        while !ready || alive < 2 {
            let mut buffer = [0; 4096];
            let length = notified.recv(&mut buffer).unwrap();
            let told = String::from_utf8_lossy(&buffer[..length]).into_owned();
            ready |= told.contains("READY=1");
            alive += usize::from(told.contains("WATCHDOG=1"));
        }
        let (status, wrong) = post(&url, "/api/v1/storage/erase", &json!({"code": "0000-0000"}));
        assert_eq!((status, &wrong["type"]), (403, &json!("urn:anya:problem:wrong-claim-code")));
        let wrong = json!({"recovery_key": "v".repeat(64)});
        let (status, wrong) = post(&url, "/api/v1/storage/unlock", &wrong);
        assert_eq!((status, &wrong["type"]), (422, &json!("urn:anya:problem:recovery-key-wrong")));
        let right = json!({"recovery_key": key.expose()});
        assert_eq!(post(&url, "/api/v1/storage/unlock", &right), (200, json!({"opened": true})));
        (code, key, notified)
    });
    let started = machine.start().claimed();
    let (code, key, _notified) = owner.join().unwrap();
    assert_eq!(started.get("/api/v1/system/fault"), json!({"fault": null}));
    assert_eq!(started.get("/api/v1/system")["profile"], "appliance");
    let storage = started.get("/api/v1/storage");
    assert_eq!(
        (&storage["volume"]["resealed"], &storage["volume"]["protection"]),
        (&json!(true), &json!("tpm"))
    );
    assert_eq!(volume.acts(), [VolumeAct::Unlocked, VolumeAct::Resealed]);
    let audit = started.get("/api/v1/security/audit").to_string();
    assert!(audit.contains("storage.unlock") && audit.contains("storage.reseal"), "{audit}");
    let log = started.log();
    assert!(!log.contains(&code) && !log.contains(key.expose()), "neither code nor key is logged");
}

#[test]
fn an_open_volume_costs_one_question_and_no_fault() {
    let volume = SimVolume::open();
    let machine = Machine::with(&volume);
    let _notified = UnixDatagram::bind(machine.folder.path().join("notify")).unwrap();
    let started = machine.start().claimed();
    assert!(!started.log().contains("fault mode"));
    assert_eq!(started.get("/api/v1/storage")["volume"]["recovery_key"], "missing");
    let made = started.post("/api/v1/storage/recovery-key", &json!({}), 201);
    assert_eq!(made["recovery_key"].as_str().unwrap().len(), 71);
    assert!(!started.log().contains(made["recovery_key"].as_str().unwrap()));
}

#[test]
fn a_stop_in_fault_mode_is_in_order() {
    let (volume, _) = SimVolume::closed(ClosedReason::Damaged);
    let machine = Machine::with(&volume);
    let mut process = crate::boxed::anyad(&machine.folder.path().join("box"))
        .env("ANYAD_APPLIANCE__ENABLED", "true")
        .env("ANYAD_APPLIANCE__VOLUME_SOCKET", &machine.socket)
        .env("ANYAD_CONSOLE__PATHS", format!("[\"{}\"]", machine.console.display()))
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    on_console(&machine.console, "Erase code");
    let id = nix::unistd::Pid::from_raw(i32::try_from(process.id()).unwrap());
    nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGTERM).unwrap();
    assert!(process.wait().unwrap().success());
    assert!(!machine.folder.path().join("box").exists(), "nothing was written beside the closed volume");
}

#[test]
fn a_box_that_cannot_start_says_why_and_stays_to_be_asked() {
    let volume = SimVolume::open();
    let machine = Machine::with(&volume);
    std::fs::create_dir(machine.data()).unwrap();
    std::fs::write(machine.data().join("state.db"), "no database".repeat(1_000)).unwrap();
    let mut command = anyad(&machine.data());
    machine.prepare(&mut command);
    let mut service = Process(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    let url = on_console(&machine.console, "Address");
    let fault: Value = client().get(format!("{url}/api/v1/system/fault")).send().unwrap().json().unwrap();
    assert_eq!(fault["fault"]["kind"], "start_failed");
    assert_eq!(fault["fault"]["ways_out"], json!(["restart"]));
    assert_eq!(on_console(&machine.console, "Problem"), fault["fault"]["title"]);
    let text = fault["fault"]["text"].as_str().unwrap();
    assert!(text.contains("cannot open the box's state"), "{text}");
    let ready = client().get(format!("{url}/readyz")).send().unwrap();
    assert_eq!(ready.status(), 503);
    assert!(service.0.try_wait().unwrap().is_none(), "it stays to be asked");
    let code = on_console(&machine.console, "Erase code");
    assert_eq!(post(&url, "/api/v1/system/restart", &json!({"code": code})).0, 202);
    assert_eq!(volume.acts().last(), Some(&VolumeAct::Restarted));
    let pid = nix::unistd::Pid::from_raw(service.0.id().cast_signed());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
    assert!(service.0.wait().unwrap().success());
}
