//! Starts a machine anew whose kernel waits for a timer of an emulated processor that never fires.
//!
//! Seen once in about a thousand starts, with two emulated processors on a busy host, in the kernel's first second:
//! the second processor sleeps, its timer is set and does not wake it, and the kernel tells of nothing else any more
//! ("rcu_preempt kthread timer wakeup didn't happen"). An owner would pull the plug; so does this. It does so only
//! before the first program of the box runs: what a box does wrong is not passed over.

use anyhow::Result;
use serde_json::json;

use crate::machine::BOOT;
use crate::qmp::Qmp;
use crate::serial::{Line, Serial};
use crate::states::{self, State};

/// How the kernel tells of it.
const SIGN: &str = "timer wakeup didn't happen";

/// Looks out for it in a thread of its own, until QEMU ends.
#[expect(clippy::print_stderr, reason = "who runs the tests shall know")]
pub(crate) fn look_out(name: String, serial: Serial, mut qmp: Qmp) {
    std::thread::spawn(move || -> Result<()> {
        let mut from = 0;
        while !serial.closed() {
            let told = |line: &str| line.contains(SIGN).then_some(());
            if serial.wait("a stall", from, BOOT, told).is_err() {
                continue;
            }
            let lines = serial.lines();
            if before_programs(&lines) {
                eprintln!("{name}: a timer of an emulated processor does not fire; the machine is reset");
                qmp.execute("system_reset", &json!({}))?;
            }
            from = lines.len();
        }
        Ok(())
    });
}

/// Whether no program of the box has run since the boot loader was started last.
fn before_programs(lines: &[Line]) -> bool {
    let last = lines.iter().rev().find_map(|line| states::of_line(&line.text));
    last.is_some_and(|state| (State::Loader..State::Initrd).contains(&state))
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::os::unix::net::UnixStream;
    use std::time::Duration;

    use super::*;

    const LOADER: &str = r#"BdsDxe: starting Boot0001 "UEFI Misc Device" from PciRoot(0x0)/Pci(0x1,0x0)"#;
    const STALL: &str =
        "[ 358.5] rcu: rcu_preempt kthread timer wakeup didn't happen for 5251 jiffies! g-1131";

    fn lines(texts: &[&str]) -> Vec<Line> {
        texts.iter().map(|text| Line { at: Duration::ZERO, text: (*text).to_owned() }).collect()
    }

    #[test]
    fn only_a_kernel_that_started_nothing_yet_is_started_anew() {
        assert!(before_programs(&lines(&[LOADER, STALL])));
        let running = [LOADER, "[    4.2] anya-initrd: begins", STALL];
        assert!(!before_programs(&lines(&running)));
        let restarted: Vec<&str> = running.into_iter().chain([LOADER, STALL]).collect();
        assert!(before_programs(&lines(&restarted)));
    }

    #[test]
    fn the_machine_is_reset_by_its_control_connection() {
        let (mut guest, port) = UnixStream::pair().unwrap();
        let (mut control, ours) = UnixStream::pair().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let serial = Serial::record(port, &folder.path().join("serial.log")).unwrap();
        // What QEMU says at first, and to the command by which a connection begins.
        writeln!(control, "{{\"QMP\": {{}}}}\n{{\"return\": {{}}}}").unwrap();
        look_out("a machine".into(), serial, Qmp::new(ours).unwrap());
        writeln!(guest, "{LOADER}\n{STALL}").unwrap();
        let asked = BufReader::new(control).lines().nth(1).unwrap().unwrap();
        assert!(asked.contains("system_reset"), "{asked}");
    }
}
