//! Starts a machine anew whose kernel waits for a timer of an emulated processor that never fires.
//!
//! Seen twice so far, with two emulated processors on a busy host, in the kernel's first
//! second: a processor sleeps, its timer is set and does not wake it, and the kernel tells of nothing else any more. An
//! owner would pull the plug; so does this. It does so only where the kernel was too young to have started a program of
//! the box: what a box does wrong is not passed over. (The quiet console does not show when the first program starts.)

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use serde_json::json;

use crate::machine::BOOT;
use crate::qmp::Qmp;
use crate::serial::Serial;

/// How the kernel tells of it, with the time in jiffies behind it (Documentation/RCU/stallwarn.rst).
const SIGN: &str = "kthread timer wakeup didn't happen for ";

/// Jiffies in a second (`CONFIG_HZ` of Debian's kernels).
const JIFFIES: f64 = 250.0;

/// The age of a kernel that has started no program yet, seconds: emulated, it takes about twice as long to get there.
const YOUNG: f64 = 2.0;

/// Looks out for it in a thread of its own, until QEMU ends. Gives how often the machine was reset.
pub(crate) fn look_out(name: String, serial: Serial, mut qmp: Qmp) -> Arc<AtomicUsize> {
    let resets = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&resets);
    std::thread::spawn(move || -> Result<()> {
        let mut from = 0;
        while !serial.closed() {
            let young = |line: &str| stalled_at(line).filter(|age| *age < YOUNG);
            if serial.wait("a stall", from, BOOT, young).is_ok() {
                // Whoever runs the tests shall know also when they pass: what macros print is kept back then.
                let told = "a timer of an emulated processor does not fire; the machine is reset";
                writeln!(std::io::stderr(), "{name}: {told}")?;
                from = serial.mark();
                counted.fetch_add(1, Ordering::SeqCst);
                qmp.execute("system_reset", &json!({}))?;
            }
        }
        Ok(())
    });
    resets
}

/// The kernel's age when the timer should have fired, seconds, if this line tells of one.
fn stalled_at(line: &str) -> Option<f64> {
    let (before, after) = line.split_once(SIGN)?;
    let told: f64 = before.split_once('[')?.1.split_once(']')?.0.trim().parse().ok()?;
    let waited: f64 = after.split(' ').next()?.parse().ok()?;
    Some(told - waited / JIFFIES)
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::os::unix::net::UnixStream;

    use super::*;

    /// As the kernel says it, `age` seconds old, of a timer that should have fired 21 seconds ago.
    fn line(age: &str) -> String {
        let said = "rcu: rcu_preempt kthread timer wakeup didn't happen for 5251 jiffies! g-1131 f0x0";
        format!("[{age}] {said}")
    }

    #[test]
    fn only_a_kernel_that_started_nothing_yet_is_started_anew() {
        let young = |line: &str| stalled_at(line).is_some_and(|age| age < YOUNG);
        assert!(young(&line("   21.900712")));
        assert!(!young(&line("   25.100712")), "the initrd's program may have run");
        assert!(!young("[   21.9] rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:"));
    }

    #[test]
    fn the_machine_is_reset_by_its_control_connection() {
        let (mut guest, port) = UnixStream::pair().unwrap();
        let (mut control, ours) = UnixStream::pair().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let serial = Serial::record(port, &folder.path().join("serial.log")).unwrap();
        // What QEMU says at first, and to the command by which a connection begins.
        writeln!(control, "{{\"QMP\": {{}}}}\n{{\"return\": {{}}}}").unwrap();
        let resets = look_out("a machine".into(), serial, Qmp::new(ours).unwrap());
        assert_eq!(resets.load(Ordering::SeqCst), 0);
        writeln!(guest, "{}", line("   21.900712")).unwrap();
        let asked = BufReader::new(control).lines().nth(1).unwrap().unwrap();
        assert!(asked.contains("system_reset"), "{asked}");
        assert_eq!(resets.load(Ordering::SeqCst), 1);
    }
}
