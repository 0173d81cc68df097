//! Power cuts at random moments while the box works, and what has to be true of it afterwards.
//!
//! One worker makes keys, signs with them and deletes some, and notes every operation that was answered.
//! QEMU is killed in the middle; what it had not been told to flush by the guest is lost to the guest, as
//! on a real disk. After the next boot every answered operation has to be there, the audit log has to
//! verify, and the TPM has to have opened the data. One operation may have been under way when the power
//! went: it may be there or not.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;
use serde_json::{Value, json};

use crate::box_client::BoxClient;
use crate::chance::Chance;
use crate::dev_box::DevBox;
use crate::lab::Lab;
use crate::machine::{BOOT, Machine};

/// How long the box works after its first answer before the power goes, at least and at most.
const WORK: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(12));

/// What was answered.
#[derive(Clone, Copy, Debug, Default)]
struct Answered {
    deleted: bool,
    signatures: usize,
}

/// One cut and what was seen after it.
#[derive(Debug, Serialize)]
pub struct Cut {
    /// How long the box had worked since its first answer, seconds.
    pub after_s: f64,
    /// Operations that were answered in that time.
    pub answered: usize,
    /// From switching on to a page that is ready, seconds.
    pub boot_s: f64,
    /// Entries of the audit log, all of which verify.
    pub audit_entries: u64,
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { after_s, answered, boot_s, audit_entries } = self;
        write!(
            f,
            "after {after_s:.1} s and {answered} answers; back in {boot_s:.0} s, {audit_entries} audit entries"
        )
    }
}

/// Cuts the power `cuts` times and checks after each. `told` hears of each as it is done.
///
/// # Errors
/// When something that was answered is missing, the log does not verify, or the box does not come back.
pub fn run(lab: &Lab, dev: &DevBox, seed: u64, cuts: usize, mut told: impl FnMut(usize, Cut)) -> Result<()> {
    let mut chance = Chance::new(seed);
    let mut keys = BTreeMap::new();
    let mut machine = dev.resume(lab)?;
    for number in 1..=cuts {
        let after = chance.between(WORK.0, WORK.1);
        let answered = cut_during_work(machine, dev, after, number, &mut keys);
        let answered = answered.with_context(|| format!("seed {seed}, cut {number}"))?;
        machine = dev.boot(lab)?;
        machine.wait_ready().with_context(|| format!("seed {seed}, after cut {number}"))?;
        let boot_s = machine.age().as_secs_f64();
        let audit_entries = check(&dev.client(&machine), &keys)
            .with_context(|| format!("seed {seed}, after cut {number}; {}", machine.serial().told()))?;
        told(number, Cut { after_s: after.as_secs_f64(), answered, boot_s, audit_entries });
    }
    Ok(())
}

type Keys = BTreeMap<String, Answered>;

fn cut_during_work(
    machine: Machine,
    dev: &DevBox,
    after: Duration,
    cut: usize,
    keys: &mut Keys,
) -> Result<usize> {
    let client = dev.client(&machine);
    let cutting = Arc::new(AtomicBool::new(false));
    let known = Arc::clone(&cutting);
    let (answered, answers) = channel();
    let worker = std::thread::spawn(move || work(&client, cut, &known, &answered));
    // A slow host has done nothing yet after the shortest time. What kept the worker from it, it tells itself.
    let _ = answers.recv_timeout(BOOT);
    // The moment is the point of this, not a condition to be waited for.
    std::thread::sleep(after);
    cutting.store(true, Ordering::SeqCst);
    machine.cut_power();
    let done = worker.join().map_err(|_| anyhow::anyhow!("the worker broke"))??;
    let count = done.len();
    for operation in done {
        match operation {
            Operation::Made(id) => drop(keys.insert(id, Answered::default())),
            Operation::Signed(id) => keys.entry(id).or_default().signatures += 1,
            Operation::Deleted(id) => keys.entry(id).or_default().deleted = true,
        }
    }
    Ok(count)
}

enum Operation {
    Made(String),
    Signed(String),
    Deleted(String),
}

/// Works until the power goes, and gives every operation that was answered.
/// Says so when a key was made.
fn work(
    client: &BoxClient,
    cut: usize,
    cutting: &AtomicBool,
    answered: &Sender<()>,
) -> Result<Vec<Operation>> {
    let mut done = Vec::new();
    for number in 0_usize.. {
        match round(client, cut, number, &mut done, answered) {
            Ok(()) => {}
            Err(_) if cutting.load(Ordering::SeqCst) => break,
            Err(error) => return Err(error.context("refused while the power was on")),
        }
    }
    Ok(done)
}

fn round(
    client: &BoxClient,
    cut: usize,
    number: usize,
    done: &mut Vec<Operation>,
    answered: &Sender<()>,
) -> Result<()> {
    let new = json!({"algorithm": "p256", "label": format!("cut {cut}, key {number}")});
    let made = client.post("/api/v1/security/keys", &new, 201)?;
    let id = made["id"].as_str().context("a key without id")?.to_owned();
    done.push(Operation::Made(id.clone()));
    // Nobody listens any more after the first.
    let _ = answered.send(());
    let path = format!("/api/v1/security/keys/{id}");
    client.post(&format!("{path}/sign"), &json!({"message": "cGF5IDEgdG8gQm9i"}), 200)?;
    done.push(Operation::Signed(id.clone()));
    if number % 3 == 2 {
        let deleted = client.ask("DELETE", &path, None)?;
        ensure!(deleted.status == 204, "not deleted: {}", deleted.body);
        done.push(Operation::Deleted(id));
    }
    Ok(())
}

/// Checks what has to be there, and gives the number of the audit log's entries.
fn check(client: &BoxClient, keys: &Keys) -> Result<u64> {
    let volume = &client.get("/api/v1/storage")?["volume"];
    ensure!(volume["state"] == "open" && volume["protection"] == "tpm", "the data partition: {volume}");
    ensure!(volume["resealed"] == false, "the box needed the recovery key: {volume}");
    let report = client.get("/api/v1/security/audit/verification")?;
    ensure!(report["intact"] == true, "the audit log does not verify: {report}");
    let noted = audit_by_subject(client)?;
    for (id, answered) in keys {
        let path = format!("/api/v1/security/keys/{id}");
        let found = client.ask("GET", &path, None)?.status;
        let noted_of =
            |action: &str| noted.get(&(id.clone(), action.to_owned())).copied().unwrap_or_default();
        // One more may have been done than answered, for the answer was on its way.
        match (answered.deleted, found) {
            (true, 404) | (false, 200) => {}
            (false, 404) if noted_of("key.delete") > 0 => {}
            _ => bail!("key {id}, answered {answered:?}, now gives {found}"),
        }
        ensure!(noted_of("key.create") > 0, "no audit entry for making {id}");
        ensure!(noted_of("key.sign") >= answered.signatures, "no audit entry for signing with {id}");
        ensure!(!answered.deleted || noted_of("key.delete") > 0, "no audit entry for deleting {id}");
        if found == 200 {
            // The token has to hold it as well, not the box's list alone.
            client.post(&format!("{path}/sign"), &json!({"message": "c3RpbGwgaGVyZQ=="}), 200)?;
        }
    }
    report["entries"].as_u64().context("no number of entries")
}

/// How often each action is noted of each subject.
fn audit_by_subject(client: &BoxClient) -> Result<BTreeMap<(String, String), usize>> {
    let mut noted = BTreeMap::new();
    let mut cursor = None;
    loop {
        let page = match &cursor {
            None => client.get("/api/v1/security/audit?limit=500")?,
            Some(cursor) => client.get(&format!("/api/v1/security/audit?limit=500&cursor={cursor}"))?,
        };
        for entry in page["items"].as_array().context("no entries")? {
            let text = |key: &str| entry[key].as_str().unwrap_or_default().to_owned();
            if entry["outcome"] == "ok" {
                // A subject is written as its kind and its id.
                let subject = text("subject");
                let id = subject.rsplit(':').next().unwrap_or_default().to_owned();
                *noted.entry((id, text("action"))).or_default() += 1;
            }
        }
        match &page["next_cursor"] {
            Value::String(next) => cursor = Some(next.clone()),
            _ => return Ok(noted),
        }
    }
}
