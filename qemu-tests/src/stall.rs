//! Starts a machine anew whose kernel waits for a timer of an emulated processor that never fires.
//!
//! Seen five times so far, with two emulated processors on a busy host, while the kernel changes its clock: a processor
//! sleeps, its timer is set and does not wake it, and the kernel tells of nothing else any more. An owner would pull the
//! plug; so does this. It does so only where nobody drives the disk yet, and so no program of the box has come to
//! anything: loading the driver is the first thing that the initrd's does. What a box does wrong is not passed over.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use serde_json::json;

use crate::disk_driver::is_driven;
use crate::machine::BOOT;
use crate::qmp::Qmp;
use crate::serial::Serial;

/// How the kernel tells of it (Documentation/RCU/stallwarn.rst).
const SIGN: &str = "kthread timer wakeup didn't happen for ";

/// Looks out for it in a thread of its own, until QEMU ends. Gives how often the machine was reset.
pub(crate) fn look_out(name: String, serial: Serial, mut qmp: Qmp) -> Arc<AtomicUsize> {
    let resets = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&resets);
    std::thread::spawn(move || -> Result<()> {
        let mut from = 0;
        loop {
            let told = |line: &str| line.contains(SIGN).then_some(());
            if serial.wait("a stall", from, BOOT, told).is_err() {
                if serial.closed() {
                    return Ok(());
                }
                continue;
            }
            from = serial.mark();
            if !is_driven(&mut qmp)? {
                // Whoever runs the tests shall know also when they pass: what macros print is kept back then.
                let told = "a timer of an emulated processor does not fire; the machine is reset";
                writeln!(std::io::stderr(), "{name}: {told}")?;
                counted.fetch_add(1, Ordering::SeqCst);
                qmp.execute("system_reset", &json!({}))?;
            }
        }
    });
    resets
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::os::unix::net::UnixStream;
    use std::sync::mpsc;

    use serde_json::Value;

    use super::*;

    const LINE: &str =
        "[   24.900712] rcu: rcu_preempt kthread timer wakeup didn't happen for 5251 jiffies! g-1131";

    /// A machine that says [`LINE`], whose disk has this status: what its control connection was asked for then.
    fn asked(status: Value) -> Vec<String> {
        let (mut guest, port) = UnixStream::pair().unwrap();
        let (control, ours) = UnixStream::pair().unwrap();
        let (ask, asked) = mpsc::channel();
        std::thread::spawn(move || {
            let mut out = control.try_clone().unwrap();
            writeln!(out, "{{\"QMP\": {{}}}}").unwrap();
            for line in BufReader::new(control).lines() {
                let command: Value = serde_json::from_str(&line.unwrap()).unwrap();
                let command = command["execute"].as_str().unwrap().to_owned();
                let answer = match command.as_str() {
                    "x-query-virtio" => {
                        json!([{"name": "virtio-rng", "path": "a"}, {"name": "virtio-blk", "path": "b"}])
                    }
                    "x-query-virtio-status" => json!({"status": {"statuses": status}}),
                    _ => json!({}),
                };
                writeln!(out, "{}", json!({"return": answer})).unwrap();
                let _ = ask.send(command);
            }
        });
        let folder = tempfile::tempdir().unwrap();
        let serial = Serial::record(port, &folder.path().join("serial.log")).unwrap();
        let resets = look_out("a machine".into(), serial.clone(), Qmp::new(ours).unwrap());
        writeln!(guest, "{LINE}").unwrap();
        serial.wait("the line", 0, BOOT, |line| (line == LINE).then_some(())).unwrap();
        // Whoever looks out sees it, and then that QEMU has ended.
        drop(guest);
        let asked: Vec<_> = asked.iter().collect();
        assert_eq!(
            resets.load(Ordering::SeqCst),
            asked.iter().filter(|command| *command == "system_reset").count()
        );
        asked
    }

    #[test]
    fn a_machine_whose_disk_nobody_drives_yet_is_reset() {
        assert_eq!(asked(json!([])).last().unwrap(), "system_reset");
    }

    #[test]
    fn a_machine_whose_disk_was_driven_is_left_alone() {
        let driven = json!([
            "VIRTIO_CONFIG_S_ACKNOWLEDGE: Valid virtio device found",
            "VIRTIO_CONFIG_S_DRIVER: Guest OS compatible with device"
        ]);
        assert_eq!(asked(driven).last().unwrap(), "x-query-virtio-status");
    }
}
