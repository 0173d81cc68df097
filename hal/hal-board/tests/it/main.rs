//! The board adapter against the real parts of this machine.
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails by panicking and tells what it skips"
)]

mod service_manager;

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use appliance_core::logs::{LogLevel, LogQuery, LogSource};
use hal_api::{AcceleratorKind, AcceleratorProbe};
use hal_board::{ChildProbe, SystemdJournal, probe_in_process};

#[test]
fn lavapipe_is_marked_as_software() {
    let found = probe_in_process();
    let Some(software) = found.iter().find(|device| device.name.contains("llvmpipe")) else {
        eprintln!("skipped: no lavapipe driver on this machine");
        return;
    };
    assert_eq!(software.kind, AcceleratorKind::Software);
    assert_eq!(software.backend, "vulkan");
    assert!(software.max_binding_bytes >= 128 << 20);
}

#[test]
fn a_child_finds_what_this_process_finds() {
    // Cargo puts examples beside the folder of test programs.
    let tests = std::env::current_exe().unwrap();
    let program = tests.parent().unwrap().with_file_name("examples").join("list_accelerators");
    let found = ChildProbe::new(program, [""; 0], Duration::from_secs(300)).accelerators().unwrap();
    assert_eq!(found, probe_in_process());
}

/// Writes journal files with systemd's own tool, as no journal runs on a build machine.
fn journal(entries: &str) -> Option<tempfile::TempDir> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("remote-test.journal");
    let tool = Command::new("/lib/systemd/systemd-journal-remote")
        .arg("--output")
        .arg(&file)
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut tool) = tool else {
        eprintln!("skipped: systemd-journal-remote is not installed");
        return None;
    };
    tool.stdin.take().unwrap().write_all(entries.as_bytes()).unwrap();
    assert!(tool.wait().unwrap().success());
    Some(folder)
}

fn entry(unit: &str, number: u32, priority: u32) -> String {
    let at = 1_700_000_000_000_000 + u64::from(number);
    format!(
        "__REALTIME_TIMESTAMP={at}\n__MONOTONIC_TIMESTAMP={number}\n_BOOT_ID=11111111111111111111111111111111\n\
         _SYSTEMD_UNIT={unit}\nPRIORITY={priority}\nMESSAGE=entry {number}\n\n"
    )
}

#[test]
fn the_journal_is_paged_from_the_newest_and_only_of_the_unit() {
    let entries: String = (1..=5)
        .flat_map(|number| {
            [
                entry("anyad.service", number, if number == 2 { 3 } else { 6 }),
                entry("other.service", number, 6),
            ]
        })
        .collect();
    let Some(folder) = journal(&entries) else { return };
    let source = SystemdJournal::in_folder("anyad.service", folder.path());
    let page = |limit, level, after| source.recent(&LogQuery { limit, level, after }).unwrap();
    let first = page(3, LogLevel::Info, None);
    let told =
        |lines: &[appliance_core::logs::LogLine]| lines.iter().map(|l| l.message.clone()).collect::<Vec<_>>();
    assert_eq!(told(&first.lines), ["entry 5", "entry 4", "entry 3"]);
    let second = page(3, LogLevel::Info, first.next_cursor);
    assert_eq!(told(&second.lines), ["entry 2", "entry 1"]);
    assert_eq!(second.next_cursor, None);
    assert_eq!(told(&page(9, LogLevel::Error, None).lines), ["entry 2"]);
    assert!(
        source.recent(&LogQuery { limit: 1, level: LogLevel::Info, after: Some("nonsense".into()) }).is_err()
    );
}
