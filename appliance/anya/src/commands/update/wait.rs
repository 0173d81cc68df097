//! Waiting for what an order comes to.
//!
//! The box does what it was ordered in the background, and tells where it is. It may not have begun yet when it
//! is asked first, and it is back where it was when it failed: so something counts as ended only after it was
//! seen under way, or after a while of nothing.

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
/// So many looks at a box that does nothing mean that it ended; fewer, once it was seen at it.
const QUIET: u32 = 12;
const QUIET_AFTER_WORK: u32 = 2;

/// What is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Goal {
    Checked,
    Downloaded,
    Installed(String),
}

/// What a look shows.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Reached,
    Working,
    Nothing,
    Failed(String),
}

/// Waits until the goal is reached, and shows how things are then. `before` is how they were before the order,
/// `begun` just after it.
pub(super) fn reach(
    session: &Session,
    goal: Goal,
    before: &Value,
    begun: Value,
    no_wait: bool,
) -> Result<(), Failure> {
    let screen = &session.screen;
    if no_wait {
        return screen.show(&begun, |_: Value| "Begun; `anya update status` tells how far it is.".into());
    }
    let before = read(before)?;
    let mut line = ProgressLine::new(screen.is_json());
    let (mut worked, mut quiet, mut now) = (false, 0, begun);
    loop {
        let status = read(&now)?;
        tell(&mut line, &status.phase)?;
        match seen(&goal, &before, &status) {
            Seen::Reached => break,
            Seen::Failed(reason) => {
                line.end()?;
                return Err(Failure::Update(reason));
            }
            Seen::Working => (worked, quiet) = (true, 0),
            Seen::Nothing => quiet += 1,
        }
        if quiet >= if worked { QUIET_AFTER_WORK } else { QUIET } {
            line.end()?;
            let reason = status.problem.map(|problem| problem.text);
            return Err(Failure::Update(reason.unwrap_or_else(|| "it was ended before it was done".into())));
        }
        thread::sleep(PAUSE);
        now = match session.client.get(PATH, &[]) {
            Ok(now) => now,
            // An update that is started at once takes the box away.
            Err(Failure::Unreachable { .. } | Failure::Broken(_))
                if worked && restarts(&goal, &status.phase) =>
            {
                line.end()?;
                return screen.show(&now, |_: Value| format!("The box restarts. {AFTER_RESTART}"));
            }
            Err(failure) => return Err(failure),
        };
    }
    line.end()?;
    screen.show(&now, |status: Status| reached(&goal, status))
}

fn read(status: &Value) -> Result<Status, Failure> {
    Status::deserialize(status).map_err(Failure::OtherShape)
}

fn restarts(goal: &Goal, phase: &Phase) -> bool {
    matches!(goal, Goal::Installed(_))
        && matches!(phase, Phase::Installing { .. } | Phase::RestartPending { .. })
}

fn seen(goal: &Goal, before: &Status, now: &Status) -> Seen {
    let looked = |status: &Status| status.last_check.as_ref().map(|check| check.at);
    match (goal, &now.phase) {
        (_, Phase::Checking | Phase::Downloading { .. } | Phase::Installing { .. }) => Seen::Working,
        (Goal::Checked, _) if looked(now) != looked(before) => {
            let problem = now.last_check.as_ref().and_then(|check| check.problem.clone());
            problem.map_or(Seen::Reached, |problem| Seen::Failed(problem.text))
        }
        (Goal::Downloaded, Phase::Ready { .. }) => Seen::Reached,
        (
            Goal::Installed(wanted),
            Phase::RestartPending { version, .. } | Phase::Trial { version } | Phase::Good { version, .. },
        ) if wanted == version => Seen::Reached,
        (Goal::Installed(wanted), Phase::RolledBack { version, reason, .. })
            if wanted == version && now.phase != before.phase =>
        {
            Seen::Failed(reason.clone())
        }
        _ => Seen::Nothing,
    }
}

fn tell(line: &mut ProgressLine, phase: &Phase) -> Result<(), Failure> {
    match phase {
        Phase::Downloading { version, done, total } => {
            line.tell("downloading", &bar(&format!("Downloading {version}"), *done, *total))
        }
        Phase::Checking | Phase::Installing { .. } => {
            let told = capital(&phase.told());
            line.tell(&told, &told)
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
