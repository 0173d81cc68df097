//! Starting and stopping under a service manager.

use std::os::unix::net::UnixDatagram;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

use crate::boxed::{Box, PATIENCE, anyad, bitcoind};

/// Reads notifications until one holds this line.
fn notified(socket: &UnixDatagram, line: &str) {
    let deadline = Instant::now() + PATIENCE;
    let mut buffer = [0; 4096];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        assert!(!left.is_zero(), "no {line}");
        socket.set_read_timeout(Some(left)).unwrap();
        let length = socket.recv(&mut buffer).unwrap();
        if String::from_utf8_lossy(&buffer[..length]).lines().any(|told| told == line) {
            return;
        }
    }
}

#[test]
fn systemd_hears_that_it_is_ready_alive_and_stopping() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    let mut started = Box::start_in(&folder.path().join("box"), |command| {
        command.arg("--no-bitcoin").env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "400000");
    });
    notified(&socket, "READY=1");
    notified(&socket, "WATCHDOG=1");
    notified(&socket, "WATCHDOG=1");
    started.signal(nix::sys::signal::Signal::SIGTERM);
    notified(&socket, "STOPPING=1");
    assert!(started.wait().success());
}

#[test]
fn sigterm_stops_the_parts_in_reverse_order_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("box");
    let mut started = Box::start_in(&data, |command| {
        command.args(["--tpm", "swtpm", "--bitcoind"]).arg(bitcoind());
    });
    assert!(started.next_labelled("Node").contains("is running on regtest"));
    assert!(started.stop().success());
    let stopped: Vec<String> = started
        .log()
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|line| line["message"] == "stopped")
        .filter_map(|line| Some(line["part"].as_str()?.to_owned()))
        .collect();
    let place = |part: &&str| {
        stopped.iter().position(|p| p == *part).unwrap_or_else(|| panic!("{part} in {stopped:?}"))
    };
    let order = ["http", "bitcoind", "store", "tokens"];
    assert!(order.is_sorted_by_key(place), "{stopped:?}");
    assert!(
        !data.join("bitcoin/regtest/.cookie").exists(),
        "bitcoind removes its cookie when it stops by itself"
    );
    assert!(!data.join("state.db-wal").exists(), "the store is checkpointed and closed");
    for process in std::fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path()) {
        let arguments = std::fs::read(process.join("cmdline")).unwrap_or_default();
        let arguments = String::from_utf8_lossy(&arguments).into_owned();
        assert!(!arguments.contains(&*data.to_string_lossy()), "left behind: {arguments}");
    }
}

#[test]
fn a_stop_during_the_start_is_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("box");
    let mut command = anyad(&data);
    let mut starting =
        command.arg("--no-bitcoin").stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let deadline = Instant::now() + PATIENCE;
    while !data.join("state.db").exists() {
        assert!(Instant::now() < deadline, "the start does not get to its store");
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    nix::sys::signal::kill(
        nix::unistd::Pid::from_raw(i32::try_from(starting.id()).unwrap()),
        nix::sys::signal::Signal::SIGTERM,
    )
    .unwrap();
    assert!(starting.wait().unwrap().success());
    assert!(!data.join("state.db-wal").exists(), "the store is closed");
}

#[test]
fn ctrl_c_at_the_terminal_stops_in_order_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut started = Box::start_in(&folder.path().join("box"), |command| {
        // The terminal signals the whole group: the service and whichever child shares its group.
        command.args(["--tpm", "swtpm", "--bitcoind"]).arg(bitcoind()).process_group(0);
    });
    started.next_labelled("Node");
    let group = nix::unistd::Pid::from_raw(started.process());
    nix::sys::signal::killpg(group, nix::sys::signal::Signal::SIGINT).unwrap();
    assert!(started.wait().success());
    let log = started.log();
    assert!(!log.contains("\"level\":\"ERROR\"") && !log.contains("\"level\":\"WARN\""), "{log}");
}

#[test]
fn children_do_not_outlive_a_killed_service() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("box");
    let mut started = Box::start_in(&data, |command| {
        command.args(["--tpm", "swtpm", "--bitcoind"]).arg(bitcoind());
    });
    started.next_labelled("Node");
    started.kill();
    let deadline = Instant::now() + PATIENCE;
    while std::fs::read_dir("/proc").unwrap().any(|entry| uses(&entry.unwrap().path(), &data)) {
        assert!(Instant::now() < deadline, "a child lives on");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

fn uses(process: &Path, data: &Path) -> bool {
    let arguments = std::fs::read(process.join("cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&arguments).contains(&*data.to_string_lossy())
}

#[test]
fn health_is_public_and_names_each_part() {
    let started = Box::start(&[]);
    assert_eq!(started.get("/healthz")["status"], "ok");
    let ready = started.get("/readyz");
    let names: Vec<_> =
        ready["components"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
    for part in ["store", "token:softhsm", "bitcoin"] {
        assert!(names.contains(&part), "{names:?}");
    }
}

#[test]
fn a_request_is_found_in_the_log_by_its_id() {
    let started = Box::start(&[]).claimed();
    let response =
        started.request("GET", "/api/v1/system").header("x-request-id", "find-me-42").send().unwrap();
    assert_eq!(response.headers()["x-request-id"], "find-me-42");
    let page = started.until("/api/v1/system/logs?limit=100", |page| {
        page["items"].as_array().unwrap().iter().any(|line| line["request_id"] == "find-me-42")
    });
    assert_eq!(page["source"], "memory");
    let lines = started.log();
    assert!(lines.lines().any(|line| line.contains("find-me-42")), "on standard error too");
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let response = started.request("GET", "/healthz").header("traceparent", trace).send().unwrap();
    let told = response.headers()["traceparent"].to_str().unwrap();
    assert!(told.starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-"), "{told}");
}
