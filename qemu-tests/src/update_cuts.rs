//! Power cuts at random moments of an update, and what has to be true of the box afterwards.
//!
//! Each update is cut off four times: while it is fetched, written, checked and put in its place, and when the new
//! version starts for the first time. After each cut the box comes up by itself, on one of the two versions, and the
//! update is tried again; the last time to its end. The next update goes into the slot that is the other one then.

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde::Serialize;
use serde_json::{Value, json};

use crate::chance::Chance;
use crate::lab::Lab;
use crate::machine::BOOT;
use crate::releases::{NewRelease, Releases};
use crate::update_box::{Running, UpdateBox};

/// When the power goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// While it is fetched, or what is missing is worked out.
    Download,
    /// While the other slot is written.
    Write,
    /// While it is read back and the kernel image is put in its place.
    PutInPlace,
    /// After the restart.
    FirstStart,
}

const MOMENTS: [Moment; 4] = [Moment::Download, Moment::Write, Moment::PutInPlace, Moment::FirstStart];

/// One cut and what was seen after it.
#[derive(Debug, Serialize)]
pub struct Cut {
    /// When.
    pub moment: Moment,
    /// How long after it had begun, seconds.
    pub after_s: f64,
    /// The phase that the box told last.
    pub phase: String,
    /// The version that ran after it.
    pub ran: String,
    /// Whether it was the new one.
    pub updated: bool,
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { moment, after_s, phase, ran, .. } = self;
        write!(f, "{moment:?}, {after_s:.1} s after it began, at {phase}; {ran} ran then")
    }
}

/// Cuts the power `cuts` times and checks after each. `told` hears of each as it is done.
///
/// # Errors
/// When the box does not come back, or the update cannot be completed.
pub fn run(
    lab: &Lab,
    under_test: &UpdateBox,
    releases: &Releases,
    seed: u64,
    cuts: usize,
    mut told: impl FnMut(usize, Cut),
) -> Result<()> {
    let mut chance = Chance::new(seed);
    let mut running = under_test.resume(lab)?;
    running.follow_server()?;
    let (mut completed, mut published) = (0, None);
    for number in 1..=cuts {
        let version = version(completed);
        if published != Some(completed) {
            releases.publish(lab, &NewRelease::of(&version))?;
            published = Some(completed);
        }
        let moment = MOMENTS[(number - 1) % MOMENTS.len()];
        let after = chance.between(Duration::ZERO, longest(moment));
        let context = || format!("seed {seed}, cut {number}, {moment:?}, {after:?}");
        let phase = cut(running, moment, after, &version).with_context(context)?;
        running = under_test.boot(lab).with_context(context)?;
        let ran = running.version()?;
        let updated = ran == version;
        if updated || moment == Moment::FirstStart || number == cuts {
            complete(&running, &version).with_context(context)?;
            completed += 1;
        }
        told(number, Cut { moment, after_s: after.as_secs_f64(), phase, ran, updated });
    }
    Ok(())
}

/// The version of an update, after so many: 0.2.0, 0.2.1 and so on, all of the same length.
fn version(number: usize) -> String {
    format!("0.{}.{}", 2 + number / 10, number % 10)
}

/// How long a moment lasts, more or less, on an emulated machine.
fn longest(moment: Moment) -> Duration {
    Duration::from_secs(match moment {
        Moment::Download => 8,
        Moment::Write => 10,
        Moment::PutInPlace => 6,
        Moment::FirstStart => 25,
    })
}

/// Begins the update, and cuts the power so long after the moment began. Gives the phase that was told last.
fn cut(running: Running, moment: Moment, after: Duration, version: &str) -> Result<String> {
    running.look()?;
    running.measured()?;
    let client = &running.client;
    client.post("/api/v1/updates/install", &json!({"version": version, "insist": false}), 202)?;
    let begun = |status: &Value| {
        let (phase, step) = (status["phase"]["phase"].as_str(), status["phase"]["step"].as_str());
        let armed = phase == Some("restart_pending");
        armed
            || match moment {
                Moment::Download => true,
                Moment::Write => step.is_some(),
                Moment::PutInPlace => !matches!(step, None | Some("forget" | "write_root" | "write_verity")),
                Moment::FirstStart => false,
            }
    };
    let deadline = Instant::now() + BOOT;
    loop {
        let status = running.status()?;
        if begun(&status) {
            break;
        }
        ensure!(status["problem"].is_null(), "{status}");
        ensure!(Instant::now() < deadline, "it never came to that: {status}");
        std::thread::sleep(Duration::from_millis(100));
    }
    if moment == Moment::FirstStart {
        client.post("/api/v1/updates/restart", &Value::Null, 202)?;
    }
    std::thread::sleep(after);
    let phase = running.status().map_or(Value::Null, |status| status["phase"].clone());
    running.machine.cut_power();
    Ok(phase.to_string())
}

/// Tries the update again where it did not happen, until its version is good.
fn complete(running: &Running, version: &str) -> Result<()> {
    let status = running.until(&["idle", "available", "ready", "trial", "good", "rolled_back"])?;
    if status["running"] == version {
        let good = running.until(&["good"])?;
        ensure!(good["running"] == version, "{good}");
        return Ok(());
    }
    ensure!(status["phase"]["phase"] != "rolled_back", "a cut is no reason to give a version up: {status}");
    running.look()?;
    running.install(version, false)?;
    let good = running.restart()?;
    ensure!(good["phase"]["phase"] == "good" && good["running"] == version, "{good}");
    Ok(())
}
