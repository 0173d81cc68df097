//! What systemd would hear: a socket of our own takes its place. As `NOTIFY_SOCKET` belongs to a whole
//! process, the telling is done by this test program, started again.

use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::Duration;

use hal_api::ServiceManager;
use hal_board::SystemdServiceManager;

/// The part that the child plays; without a parent it does nothing.
#[test]
#[ignore = "played by a child of the other tests"]
fn a_service_that_tells() {
    let manager = SystemdServiceManager;
    manager.ready();
    manager.status("claimed\nby ada");
    manager.alive();
    manager.stopping();
    println!("interval {:?}", manager.watchdog_interval());
}

/// Runs the child and returns the watchdog's interval as it saw it.
fn child(settings: &[(&str, &str)]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "service_manager::a_service_that_tells", "--ignored", "--nocapture"]);
    for name in ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"] {
        command.env_remove(name);
    }
    let output = command.envs(settings.iter().copied()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let output = String::from_utf8(output.stdout).unwrap();
    let (_, interval) = output.split_once("interval ").unwrap();
    interval.lines().next().unwrap().to_owned()
}

#[test]
fn systemd_hears_each_step_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let interval = child(&[("NOTIFY_SOCKET", path.to_str().unwrap()), ("WATCHDOG_USEC", "20000000")]);
    assert_eq!(interval, "Some(20s)");
    let heard = ["READY=1", "STATUS=claimed by ada", "WATCHDOG=1", "STOPPING=1"];
    for expected in heard {
        let mut message = [0; 256];
        let length = socket.recv(&mut message).unwrap();
        assert_eq!(String::from_utf8_lossy(&message[..length]), expected);
    }
}

#[test]
fn without_systemd_nothing_happens() {
    assert_eq!(child(&[]), "None");
}

#[test]
fn a_watchdog_for_another_process_is_not_ours() {
    assert_eq!(child(&[("WATCHDOG_USEC", "20000000"), ("WATCHDOG_PID", "1")]), "None");
}
