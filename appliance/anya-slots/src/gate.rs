//! The health gate: asks the service how it is, and does what [`ota_core::slots::gate`] decides.
//!
//! Patience is counted from the gate's own start, which is after the service's: a long check of the data
//! partition before it is nobody's fault.

mod policy;

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use ota_core::slots::gate::{Gate, GateFacts, GatePolicy, gate};
use ota_core::slots::{Marked, Start};

use crate::failure::Failure;
use crate::keeper::Keeper;
use crate::readyz::Health;
use crate::run_files::{Gated, Started};
use crate::trial::Trial;
use crate::{esp, note, run_files};

pub(crate) use policy::read as policy;

/// Between two questions.
const PAUSE: Duration = Duration::from_secs(2);

/// The time, and how it passes.
pub(crate) trait Clock {
    /// How long ago the gate began.
    fn elapsed(&self) -> Duration;
    /// Waits until the next question.
    fn pause(&self);
}

/// The machine's own.
pub(crate) struct SystemClock(pub(crate) Instant);

impl Clock for SystemClock {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn pause(&self) {
        thread::sleep(PAUSE);
    }
}

/// What the boot loader would do.
struct Starts {
    running: Start,
    other: Start,
}

/// How the gate ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The running version was marked good.
    Good,
    /// The machine restarts.
    Restart,
    /// This system has no slots, so there is nothing to decide.
    NoSlots,
}

/// Watches over the service until its version was marked good, or the machine restarts.
///
/// # Errors
/// When nothing can be found out about the slots.
pub(crate) fn watch(
    keeper: &Keeper<'_>,
    policy: &GatePolicy,
    clock: &dyn Clock,
    ask: &mut dyn FnMut() -> Health,
) -> Result<Ended> {
    let mut starts = match starts(keeper) {
        Err(Failure::Refused(refused)) => {
            note(&refused.text);
            return Ok(Ended::NoSlots);
        }
        other => other.map_err(in_full)?,
    };
    let on_trial = Started::read(keeper.places).trial.is_some();
    let mut healthy_since = None;
    let mut kept = false;
    loop {
        let health = ask();
        let now = clock.elapsed();
        healthy_since = (health == Health::Healthy).then(|| healthy_since.unwrap_or(now));
        let decide = |starts: &Starts| {
            let facts = GateFacts {
                up_for: now,
                healthy_for: healthy_since.map(|since: Duration| now.saturating_sub(since)),
                answers: health != Health::Silent,
                on_trial,
                running: starts.running,
                other: starts.other,
            };
            gate(policy, &facts)
        };
        let due = match decide(&starts) {
            Gate::Wait => false,
            Gate::StayUpDegraded { .. } => !kept,
            Gate::MarkGood | Gate::Restart => true,
        };
        if due && let Some(_lock) = run_files::lock(keeper.places)? {
            // An installation may have changed what the boot loader knows.
            starts = self::starts(keeper).map_err(in_full)?;
            match decide(&starts) {
                Gate::MarkGood => {
                    mark_good(keeper).map_err(in_full)?;
                    return Ok(Ended::Good);
                }
                Gate::Restart => {
                    give_way(keeper, on_trial, &health).map_err(in_full)?;
                    return Ok(Ended::Restart);
                }
                Gate::StayUpDegraded { keep } => {
                    stay_up(keeper, keep).map_err(in_full)?;
                    kept = true;
                }
                Gate::Wait => {}
            }
        }
        clock.pause();
    }
}

fn starts(keeper: &Keeper<'_>) -> Result<Starts, Failure> {
    let machine = keeper.look()?;
    let esp = keeper.esp(&machine)?;
    let loader = esp.loader()?;
    let running =
        loader.start_of(machine.slots.running()).context("cannot read the boot loader's entries")?;
    Ok(Starts { running, other: machine.other_start(loader.as_ref())? })
}

/// The system works: it gets all its tries again, and what it was tried against is past.
fn mark_good(keeper: &Keeper<'_>) -> Result<(), Failure> {
    let machine = keeper.look()?;
    let esp = keeper.esp(&machine)?;
    let marked =
        esp.loader()?.mark_good(machine.slots.running()).context("cannot mark the running version good")?;
    if let Marked::WithoutSpare(error) = marked {
        let error = anyhow::Error::new(error);
        note(&format!("a second copy of the running version's kernel image could not be made: {error:#}"));
    }
    // The note may be of an update that has not run yet; that one will be on trial.
    if Trial::read(&esp)?.is_some_and(|trial| trial.version == machine.image.version) {
        Trial::remove(&esp)?;
    }
    Gated { good: true }.write(keeper.places)?;
    note(&format!("{} is good", machine.image.version));
    drop(esp);
    // Nothing that runs depends on it.
    if let Err(error) = esp::free_end(&machine.disk) {
        note(&format!("{error:#}"));
    }
    // From here on no version of an older epoch is to run on this box again. That it cannot be written down
    // changes nothing about the version that runs.
    let raised = raise_epoch(keeper, &machine.image.version);
    if let Err(failure) = raised {
        note(&format!("the security epoch was not raised: {:#}", in_full(failure)));
    }
    Ok(())
}

fn raise_epoch(keeper: &Keeper<'_>, version: &ota_core::version::Version) -> Result<(), Failure> {
    let Some(counter) = keeper.counter else { return Ok(()) };
    if let Some(epoch) = keeper.store()?.epochs()?.get(version) {
        counter.raise_to(*epoch).context("raising the counter in the TPM")?;
    }
    Ok(())
}

/// The machine restarts. A version on trial leaves word why, for the one that comes after it.
fn give_way(keeper: &Keeper<'_>, on_trial: bool, health: &Health) -> Result<(), Failure> {
    let reason = match health {
        Health::Unhealthy(complaints) if complaints.is_empty() => {
            "It started, but did not get healthy.".to_owned()
        }
        Health::Unhealthy(complaints) => format!("It started, but did not get healthy: {complaints}"),
        Health::Silent | Health::Healthy => "It started, but its service did not answer.".to_owned(),
    };
    note(&format!("restarting: {reason}"));
    if on_trial && let Err(failure) = leave_word(keeper, reason) {
        note(&format!("the reason was not written down: {:#}", in_full(failure)));
    }
    Ok(keeper.restart()?)
}

fn leave_word(keeper: &Keeper<'_>, reason: String) -> Result<(), Failure> {
    let machine = keeper.look()?;
    let esp = keeper.esp(&machine)?;
    if let Some(trial) = Trial::read(&esp)? {
        Trial { reason: Some(reason), ..trial }.write(&esp)?;
    }
    Ok(())
}

fn stay_up(keeper: &Keeper<'_>, keep: bool) -> Result<(), Failure> {
    note("the system stays up although it is not healthy");
    if keep {
        let machine = keeper.look()?;
        let running = machine.slots.running();
        let mut loader = keeper.esp(&machine)?.loader()?;
        loader.keep(running).context("cannot keep the running version")?;
    }
    Ok(())
}

/// A failure as an error that says all of it.
fn in_full(failure: Failure) -> anyhow::Error {
    match failure {
        Failure::Refused(refused) => anyhow::Error::msg(refused.text),
        Failure::Failed(error) => error,
        Failure::Gone => anyhow::Error::msg("the other side has gone"),
    }
}

#[cfg(test)]
mod tests;
