//! Waiting for what an order comes to.
//!
//! The box does what it was ordered in the background. It tells what is under way, and once nothing is, phase and
//! problem tell what came of it.

use std::thread;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::status::{Phase, Status};
use super::{AFTER_RESTART, PATH};
use crate::commands::Session;
use crate::failure::Failure;
use crate::progress::{ProgressLine, bar};
use crate::screen::time;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(500);

/// What is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Goal {
    Checked,
    Downloaded,
    Installed(String),
}

/// Waits until nothing is under way any more, and shows how things are then. `begun` is how they were just after the
/// order.
pub(super) fn reach(session: &Session, goal: Goal, begun: Value, no_wait: bool) -> Result<(), Failure> {
    let screen = &session.screen;
    if no_wait {
        return screen.show(&begun, |_: Value| "Begun; `anya update status` tells how far it is.".into());
    }
    let mut line = ProgressLine::new(screen.is_json());
    let mut now = begun;
    loop {
        let status = read(&now)?;
        tell(&mut line, &status)?;
        if status.activity.is_none() {
            line.end()?;
            return match failure(&goal, status) {
                Some(failure) => Err(failure),
                None => screen.show(&now, |status: Status| reached(&goal, status)),
            };
        }
        thread::sleep(PAUSE);
        now = match session.client.get(PATH, &[]) {
            Ok(now) => now,
            // An update that is started at once takes the box away.
            Err(Failure::Unreachable { .. } | Failure::Broken(_)) if restarts(&goal, &status.phase) => {
                line.end()?;
                return screen.show(&now, |_: Value| format!("The box restarts. {AFTER_RESTART}"));
            }
            Err(failure) => return Err(failure),
        };
    }
}

fn read(status: &Value) -> Result<Status, Failure> {
    Status::deserialize(status).map_err(Failure::OtherShape)
}

fn restarts(goal: &Goal, phase: &Phase) -> bool {
    matches!(goal, Goal::Installed(_))
        && matches!(phase, Phase::Installing { .. } | Phase::RestartPending { .. })
}

/// Why the goal was not reached, of a box that does nothing any more; `None` when it was.
fn failure(goal: &Goal, now: Status) -> Option<Failure> {
    let reason = match (goal, now.phase) {
        (Goal::Checked, _) => now.last_check.and_then(|check| check.problem)?.text,
        (Goal::Downloaded, Phase::Ready { .. }) => return None,
        (
            Goal::Installed(wanted),
            Phase::RestartPending { version, .. } | Phase::Trial { version } | Phase::Good { version, .. },
        ) if *wanted == version => return None,
        (Goal::Installed(wanted), Phase::RolledBack { version, reason, .. }) if *wanted == version => reason,
        _ => now.problem.map_or_else(|| "it was ended before it was done".into(), |problem| problem.text),
    };
    Some(Failure::Update(reason))
}

fn tell(line: &mut ProgressLine, status: &Status) -> Result<(), Failure> {
    match &status.phase {
        Phase::Downloading { version, done, total } => {
            line.tell("downloading", &bar(&format!("Downloading {version}"), *done, *total))
        }
        Phase::Checking | Phase::Installing { .. } => {
            let told = capital(&status.phase.told());
            line.tell(&told, &told)
        }
        _ if status.activity.as_deref() == Some("measuring") => {
            line.tell("measuring", "Working out how much there is to download")
        }
        _ => Ok(()),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// What was reached, for people.
fn reached(goal: &Goal, status: Status) -> String {
    match (goal, &status.phase) {
        (Goal::Checked, _) if status.offer.is_none() => format!("Version {} is the newest.", status.running),
        (Goal::Checked, _) => status.told(),
        (Goal::Downloaded, _) => "It is downloaded; `anya update install` installs it.".into(),
        (Goal::Installed(version), Phase::RestartPending { at: Some(at), .. }) => format!(
            "Version {version} is installed. The box restarts into it at {}; `anya update restart` does it now.",
            time(*at)
        ),
        (Goal::Installed(version), Phase::RestartPending { at: None, .. }) => {
            format!("Version {version} is installed. `anya update restart` starts it.")
        }
        (Goal::Installed(_), phase) => capital(&format!("{}.", phase.told())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// How a box is that does nothing any more.
    fn idle(phase: &Value, problem: &Value, check_problem: &Value) -> Status {
        let status = json!({
            "availability": {"state": "ready"}, "running": "1.0.0", "board": "qemu-x86_64", "good": true,
            "activity": null, "phase": phase, "problem": problem, "offer": null,
            "last_check": {"at": "2026-11-01T00:00:00Z", "problem": check_problem},
            "next_check": null, "previous": null,
        });
        read(&status).unwrap()
    }

    #[test]
    fn what_came_of_an_order_is_told_by_phase_and_problem() {
        let told = |goal, phase: Value, problem, check_problem| match failure(
            &goal,
            idle(&phase, &problem, &check_problem),
        ) {
            None => "reached".to_owned(),
            Some(Failure::Update(reason)) => reason,
            Some(other) => panic!("{other:?}"),
        };
        let (none, trouble) = (|| Value::Null, |text: &str| json!({"code": "x", "text": text}));
        let install = || Goal::Installed("1.1.0".into());
        let of = |phase: &str, version: &str| json!({"phase": phase, "version": version, "at": "2026-11-01T00:00:00Z"});
        let back = json!({"phase": "rolled_back", "version": "1.1.0", "to": "1.0.0", "reason": "It never answered."});
        for (goal, phase, problem, check_problem, expected) in [
            (Goal::Checked, of("available", "1.1.0"), none(), none(), "reached"),
            (Goal::Checked, json!({"phase": "idle"}), none(), trouble("No answer."), "No answer."),
            (Goal::Downloaded, of("ready", "1.1.0"), none(), none(), "reached"),
            (Goal::Downloaded, of("available", "1.1.0"), trouble("No room."), none(), "No room."),
            (install(), of("restart_pending", "1.1.0"), none(), none(), "reached"),
            (install(), of("good", "1.1.0"), none(), none(), "reached"),
            (install(), of("good", "1.0.0"), none(), none(), "it was ended before it was done"),
            (install(), of("ready", "1.1.0"), none(), none(), "it was ended before it was done"),
            (install(), of("ready", "1.1.0"), trouble("Not signed."), none(), "Not signed."),
            (install(), back, none(), none(), "It never answered."),
        ] {
            assert_eq!(
                told(goal.clone(), phase.clone(), problem, check_problem),
                expected,
                "{goal:?} {phase}"
            );
        }
    }
}
