//! The service is killed, and the service hangs: systemd brings it back, and nothing is lost.

use std::time::{Duration, Instant};

use qemu_tests::box_client::BoxClient;
use qemu_tests::machine::Machine;
use serde_json::{Value, json};

use crate::dev::dev_copy;
use crate::release_box::base64;
use crate::turn::turn;

/// `WatchdogSec=` of anyad.service.
const WATCHDOG: Duration = Duration::from_secs(20);
/// What an emulated machine takes for a start of the service, with much to spare.
const START: Duration = Duration::from_secs(100);

fn main_pid(machine: &mut Machine) -> String {
    machine.sh("systemctl show --value --property=MainPID anyad").unwrap().trim().to_owned()
}

/// Sends the signal to the service, waits until another process serves the box, and says how long it took.
fn signal_and_wait(machine: &mut Machine, client: &BoxClient, signal: &str, within: Duration) -> Duration {
    let before = main_pid(machine);
    let started = Instant::now();
    machine.sh(&format!("kill -{signal} {before}")).unwrap();
    loop {
        let pid = main_pid(machine);
        if pid != before && pid != "0" && client.serves().is_some_and(|fault| fault.is_null()) {
            return started.elapsed();
        }
        assert!(
            started.elapsed() < within,
            "not back {within:?} after SIG{signal}; {}",
            machine.serial().told()
        );
    }
}

fn make_key(client: &BoxClient, label: &str) -> String {
    let key =
        client.post("/api/v1/security/keys", &json!({"algorithm": "p256", "label": label}), 201).unwrap();
    key["id"].as_str().unwrap().to_owned()
}

fn assert_works(client: &BoxClient, keys: &[String]) {
    for id in keys {
        let signed = json!({"message": base64("still here")});
        client.post(&format!("/api/v1/security/keys/{id}/sign"), &signed, 200).unwrap();
    }
    let report: Value = client.get("/api/v1/security/audit/verification").unwrap();
    assert_eq!(report["intact"], true, "{report}");
}

#[test]
fn the_service_comes_back_when_it_is_killed_and_when_it_hangs_and_nothing_is_lost() {
    let turn = turn();
    let dev = dev_copy(&turn);
    let mut machine = dev.resume(&turn.lab).unwrap();
    let client = dev.client(&machine);
    let mut keys = vec![make_key(&client, "before the kill")];
    let killed = signal_and_wait(&mut machine, &client, "KILL", START);
    assert_works(&client, &keys);

    keys.push(make_key(&client, "before it hangs"));
    let hung = signal_and_wait(&mut machine, &client, "STOP", WATCHDOG + START);
    assert_works(&client, &keys);
    let told = machine.sh("journalctl --boot --no-pager --unit anyad --output cat").unwrap();
    assert!(told.contains("Watchdog timeout"), "{told}");
    println!("back {:.0} s after SIGKILL, {:.0} s after SIGSTOP", killed.as_secs_f64(), hung.as_secs_f64());
}

#[test]
fn the_service_runs_with_few_rights() {
    let turn = turn();
    let dev = dev_copy(&turn);
    let mut machine = dev.resume(&turn.lab).unwrap();
    let told = machine.sh("systemd-analyze --no-pager security anyad.service | tail -n 1").unwrap();
    // "→ Overall exposure level for anyad.service: 1.5 OK :-)"
    let level = told.split(": ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
    assert!(level.parse::<f32>().unwrap() <= 2.0, "{told}");
    let processes = "/sys/fs/cgroup/system.slice/anyad.service/cgroup.procs";
    let users = format!("while read -r id; do stat -c %U /proc/$id; done <{processes} | sort -u");
    assert_eq!(
        machine.sh(&users).unwrap().trim(),
        "anya",
        "the service and its node have a user of their own"
    );
}
