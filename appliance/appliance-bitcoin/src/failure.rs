//! Why the node did not start or died, in plain words and with the cure.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use crate::config::Launch;
use crate::process::{Exit, is_complaint};

/// The program could not be run at all.
pub(crate) fn cannot_run(launch: &Launch, error: &io::Error) -> String {
    let binary = launch.binary.display();
    match error.kind() {
        io::ErrorKind::NotFound => format!(
            "There is no program {binary}: install Bitcoin Core, or set the node's binary in the box's \
             configuration to where it is."
        ),
        io::ErrorKind::PermissionDenied => {
            format!("The program {binary} may not be run by this user: make it executable for the box.")
        }
        io::ErrorKind::ExecutableFileBusy => {
            format!("The program {binary} is being written at the moment; it is tried again.")
        }
        _ => format!(
            "The program {binary} cannot be run on this machine ({error}): set the node's binary in the \
             box's configuration to a bitcoind."
        ),
    }
}

/// The program ran and ended by itself.
pub(crate) fn ended(launch: &Launch, exit: &Exit) -> String {
    let how = how(exit.status);
    let has = |text: &str| exit.said.iter().any(|line| line.contains(text));
    if has("Cannot obtain a lock") || has("Cannot obtain directory lock") {
        return format!(
            "Another bitcoind uses the data folder {}: stop it, or choose another folder for this box's node.",
            launch.data_dir.display()
        );
    }
    if has("Unable to bind any endpoint for RPC server") {
        return format!(
            "Port {} on 127.0.0.1, which the node needs for RPC, is taken: stop the program that uses it, \
             or choose another port.",
            launch.rpc_port
        );
    }
    if has("Unable to bind to") || has("Failed to listen on any port") {
        return "The node's port for peers is taken: stop the program that uses it, or choose another port."
            .to_owned();
    }
    if !exit.said.iter().any(|line| line.contains("Bitcoin") || line.contains("bitcoin")) {
        return format!(
            "{} {how} and does not behave like a bitcoind: set the node's binary in the box's configuration \
             to a bitcoind.{}",
            launch.binary.display(),
            last_line(exit)
        );
    }
    format!("The node {how}.{}", last_line(exit))
}

fn how(status: Option<ExitStatus>) -> String {
    match status.map(|status| (status.code(), status.signal())) {
        Some((_, Some(signal))) => format!("was ended by signal {signal}"),
        Some((Some(code), _)) => format!("ended by itself with status {code}"),
        _ => "ended".to_owned(),
    }
}

/// What it said: the last error if there is one, else its last line.
fn last_line(exit: &Exit) -> String {
    let complaint = exit.said.iter().rev().find(|line| is_complaint(line));
    complaint.or(exit.said.last()).map_or_else(String::new, |line| format!(" It said last: {line}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explain(raw_status: i32, said: &[&str]) -> String {
        let launch = Launch {
            binary: "/opt/bitcoind".into(),
            data_dir: "/data/node".into(),
            cookie: "/data/node/rpc.cookie".into(),
            rpc_port: 18443,
            arguments: Vec::new(),
        };
        let said = said.iter().map(|line| (*line).to_owned()).collect();
        ended(&launch, &Exit { status: Some(ExitStatus::from_raw(raw_status)), said })
    }

    #[test]
    fn each_cause_has_its_cure() {
        let version = "Bitcoin Core version v31.99.0";
        let cases = [
            (
                explain(
                    256,
                    &[version, "Error: Cannot obtain a lock on directory /data/node. Bitcoin Core is"],
                ),
                "Another bitcoind uses the data folder /data/node",
            ),
            (
                explain(256, &[version, "[error] Unable to bind any endpoint for RPC server"]),
                "Port 18443 on 127.0.0.1",
            ),
            (
                explain(256, &[version, "Error: Unable to bind to 0.0.0.0:8333 on this computer."]),
                "for peers",
            ),
            (explain(0, &[]), "does not behave like a bitcoind"),
            (explain(256, &["cat: invalid option -- 'd'"]), "It said last: cat: invalid option"),
            (explain(9, &[version]), "was ended by signal 9"),
            (explain(256, &[version, "Error: Out of beans", "Shutdown: done"]), "Error: Out of beans"),
        ];
        for (told, expected) in cases {
            assert!(told.contains(expected), "{expected:?} is missing in: {told}");
        }
    }
}
