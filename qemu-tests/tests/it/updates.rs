//! Updates of the booted image, from a real web server on loopback.

use std::fs;

use image::build::Profile;
use qemu_tests::box_client::BoxClient;
use qemu_tests::chance::Chance;
use qemu_tests::releases::{NewRelease, Releases};
use qemu_tests::replay::{Known, Replay};
use qemu_tests::update_box::{Running, UpdateBox};
use qemu_tests::{chance, tamper, update_box, update_cuts};
use serde_json::{Value, json};

use crate::dev::dev_box;
use crate::turn::{Turn, turn};

/// The version under test.
const FIRST: &str = "0.1.0";

fn releases(turn: &Turn, name: &str) -> Releases {
    Releases::new(&turn.lab, name).unwrap()
}

/// Who signed it, by name; the box tells them in the order of their keys.
fn signers(offer: &Value) -> Vec<&str> {
    let mut names: Vec<_> =
        offer["signed_by"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    names.sort_unstable();
    names
}

fn audited(client: &BoxClient) -> Vec<String> {
    let log = client.get("/api/v1/security/audit?limit=100").unwrap();
    let entries = log["items"].as_array().unwrap();
    entries.iter().map(|entry| entry["action"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn updates_by_file_and_by_delta_keep_everything_past_going_back_a_dead_slot_and_new_signers() {
    let turn = turn();
    let (dev, releases) = (dev_box(&turn), releases(&turn, "years"));
    let under_test = UpdateBox::of(&turn.lab, dev, "update-years", &releases).unwrap();
    let running = under_test.resume(&turn.lab).unwrap();
    let before = keys(&running);

    takes_a_file(&turn, &running, &releases);
    assert_eq!(keys(&running), before);
    goes_back_when_asked_to(&running);
    assert_eq!(keys(&running), before);
    running.machine.power_down().unwrap();

    // A slot that was good for long dies: whatever the owner thinks of the other one, it is better than nothing.
    let root = tamper::byte_of_root(&turn.lab, &turn.lab.disk(Profile::Dev)).unwrap();
    under_test.disk().flip(&turn.lab, root).unwrap();
    let running = under_test.switch_on(&turn.lab).unwrap();
    running.until_running("0.2.0").unwrap();
    assert!(running.machine.starts() > 3, "the other one was tried first: {}", running.machine.starts());
    assert_eq!(keys(&running), before);

    takes_a_delta_of_new_signers(&turn, &running, &releases);
    assert_eq!(keys(&running), before);
    let answer = running.client.ask("POST", "/api/v1/updates/rollback", Some(&Value::Null)).unwrap();
    assert!(answer.status >= 400, "an older epoch is not gone back to: {answer:?}");
    assert_eq!(running.version().unwrap(), "0.3.0");
}

fn keys(running: &Running) -> Value {
    running.client.get("/api/v1/security/keys").unwrap()
}

/// Takes 0.2.0 by upload, without a server.
fn takes_a_file(turn: &Turn, running: &Running, releases: &Releases) {
    let name = releases.publish(&turn.lab, &NewRelease::of("0.2.0")).unwrap();
    let bundle = releases.bundle(&name).unwrap();
    let status = running.client.upload("/api/v1/updates/file", &bundle).unwrap();
    let offer = &status.body["offer"];
    assert_eq!((status.status, &offer["source"]), (200, &json!("file")), "{status:?}");
    assert_eq!(
        (&offer["version"], &offer["notes"]),
        (&json!("0.2.0"), &json!("Version 0.2.0 is for a test."))
    );
    assert_eq!(signers(offer), ["Developer 1", "Developer 2"]);
    // The box has its own copy of it.
    let mut damaged = fs::read(&bundle).unwrap();
    damaged.truncate(damaged.len() / 2);
    fs::write(&bundle, damaged).unwrap();
    running.install("0.2.0", false).unwrap();
    assert_eq!(running.version().unwrap(), FIRST, "nothing changes before the restart");
    assert_good(running, &running.restart().unwrap(), "0.2.0");
    assert_eq!(orders_and_successes(running), [1, 1]);
}

/// Asserts that a version is found good after the restart, and that the TPM opened the data for it.
fn assert_good(running: &Running, status: &Value, version: &str) {
    assert_eq!(
        (&status["phase"]["phase"], &status["running"]),
        (&json!("good"), &json!(version)),
        "{status}"
    );
    let volume = running.client.get("/api/v1/storage").unwrap()["volume"].clone();
    assert_eq!((&volume["protection"], &volume["resealed"]), (&json!("tpm"), &json!(false)), "{volume}");
}

/// How many updates were asked for, and how many worked, by the audit log.
fn orders_and_successes(running: &Running) -> [usize; 2] {
    let told = audited(&running.client);
    ["update.install", "update.installed"].map(|action| told.iter().filter(|it| *it == action).count())
}

fn goes_back_when_asked_to(running: &Running) {
    let status = running.status().unwrap();
    assert_eq!(status["previous"], json!({"version": FIRST, "refused": null}));
    running.client.post("/api/v1/updates/rollback", &Value::Null, 202).unwrap();
    let status = running.until_running(FIRST).unwrap();
    assert_eq!(
        (&status["phase"]["phase"], &status["previous"]["version"]),
        (&json!("idle"), &json!("0.2.0"))
    );
    running.follow_server().unwrap();
    let offer = running.look().unwrap();
    assert!(offer["set_aside"].is_string(), "what the owner left does not come back by itself: {offer}");
}

/// Takes 0.3.0 from the server: others sign from now on, and what was before them is not safe any more.
fn takes_a_delta_of_new_signers(turn: &Turn, running: &Running, releases: &Releases) {
    releases.rotate().unwrap();
    releases.publish(&turn.lab, &NewRelease { epoch: 2, ..NewRelease::of("0.3.0") }).unwrap();
    let [orders, successes] = orders_and_successes(running);
    let served = releases.server().served();
    let offer = running.look().unwrap();
    assert_eq!(signers(&offer), ["Successor 1", "Successor 2"]);
    let offer = running.measured().unwrap();
    let (size, download) = (offer["size"].as_u64().unwrap(), offer["download"].as_u64().unwrap());
    running.install("0.3.0", false).unwrap();
    let served = releases.server().served() - served;
    assert!(download < size / 4, "{download} of {size}");
    assert!(served < size / 4, "what was told is what was fetched: {served} of {size}");

    let status = running.restart().unwrap();
    assert_good(running, &status, "0.3.0");
    assert_eq!(orders_and_successes(running), [orders + 1, successes + 1]);
    let refused = status["previous"]["refused"].as_str().unwrap_or_default();
    assert!(refused.contains("security epoch 1, but 2 is needed"), "{status}");
}

/// Publishes a version that does not work, installs it, and checks that the box ends on the one before.
fn assert_goes_back(turn: &Turn, releases: &Releases, running: &Running, new: &NewRelease<'_>, why: &str) {
    releases.publish(&turn.lab, new).unwrap();
    running.look().unwrap();
    running.install(new.version, false).unwrap();
    let status = running.restart().unwrap();
    let phase = &status["phase"];
    assert_eq!(
        (&phase["phase"], &phase["version"]),
        (&json!("rolled_back"), &json!(new.version)),
        "{status}"
    );
    assert_eq!(status["running"], FIRST, "{status}");
    let reason = phase["reason"].as_str().unwrap();
    assert!(reason.contains(why), "{reason}");
    assert_eq!(status["history"][0]["reason"], reason);
    assert!(audited(&running.client).contains(&"update.rolled_back".to_owned()));
    let offer = running.look().unwrap();
    assert!(offer["set_aside"].as_str().unwrap().contains(why), "not offered again by itself: {offer}");
}

#[test]
fn a_release_that_does_not_work_ends_on_the_version_before_with_the_reason() {
    let turn = turn();
    let (dev, releases) = (dev_box(&turn), releases(&turn, "broken"));
    let under_test = UpdateBox::of(&turn.lab, dev, "update-broken", &releases).unwrap();
    let running = under_test.resume(&turn.lab).unwrap();
    running.follow_server().unwrap();

    // Refused before anything is written: the loader would leave to the firmware instead of going on.
    let unsigned = NewRelease { signed: false, ..NewRelease::of("0.2.0") };
    releases.publish(&turn.lab, &unsigned).unwrap();
    running.look().unwrap();
    let refused = running.install("0.2.0", false).unwrap_err().to_string();
    assert!(refused.contains("not signed for this box"), "{refused}");
    assert_eq!(running.status().unwrap()["history"][0]["outcome"], "refused");

    let words = ["rdinit=/nothing"];
    let panics = NewRelease { words: &words, ..NewRelease::of("0.2.1") };
    assert_goes_back(&turn, &releases, &running, &panics, "did not start in any of its tries");
    let impatient = update_box::impatient();
    let words = ["systemd.mask=anyad.service", &impatient];
    let silent = NewRelease { words: &words, ..NewRelease::of("0.2.2") };
    assert_goes_back(&turn, &releases, &running, &silent, "did not answer");
}

#[test]
fn whatever_of_an_update_reached_the_disk_there_is_a_version_to_start() {
    let turn = turn();
    let (dev, releases) = (dev_box(&turn), releases(&turn, "writes"));
    releases.publish(&turn.lab, &NewRelease::of("0.2.0")).unwrap();
    let under_test = UpdateBox::of(&turn.lab, dev, "update-writes", &releases).unwrap().with_write_log();
    let before = under_test.disk().raw_copy(&turn.lab, "before.raw").unwrap();
    let running = under_test.boot(&turn.lab).unwrap();
    running.follow_server().unwrap();
    let keys = running.client.get("/api/v1/security/keys").unwrap();
    running.look().unwrap();
    running.install("0.2.0", false).unwrap();
    assert_eq!(running.restart().unwrap()["phase"]["phase"], "good");
    running.machine.power_down().unwrap();

    let (image, new) = (turn.lab.image(), releases.image_of("0.2.0"));
    let known = [
        Known::of(FIRST, &image.uki(Profile::Dev), image.folder()).unwrap(),
        Known::of("0.2.0", &new.join("anya.efi"), &new).unwrap(),
    ];
    let replay = Replay::new(&turn.lab, &known, before, under_test.disk().write_log());
    let seed = chance::seed("ANYA_QEMU_SEED").unwrap();
    println!("ANYA_QEMU_SEED={seed}");
    let mut chance = Chance::new(seed);
    let looked = replay.look(4, &mut chance).unwrap();
    println!("{looked:#?}");
    let (first, last) = (looked.states.first().unwrap(), looked.states.last().unwrap());
    assert_eq!((first.boots.as_str(), last.boots.as_str()), (FIRST, "0.2.0"));

    // What the loader starts is started, and finds its data.
    let samples = std::env::var("ANYA_QEMU_CUTS").map_or(1, |count| count.parse().unwrap());
    for _ in 0..samples {
        let random = usize::try_from(chance.number() >> 32).unwrap();
        let flushes = first.flushes + random % (looked.flushes - first.flushes);
        let sample = UpdateBox::of(&turn.lab, dev, "update-sample", &releases).unwrap();
        replay.disk_after(flushes, sample.disk()).unwrap();
        let running = sample.boot(&turn.lab).unwrap();
        let state = looked.after(flushes);
        println!("after {flushes} flushes: {} runs", state.boots);
        assert_eq!(running.version().unwrap(), state.boots, "after {flushes} flushes");
        assert_eq!(running.client.get("/api/v1/security/keys").unwrap(), keys, "after {flushes} flushes");
    }
}

#[test]
fn a_power_cut_at_any_moment_of_an_update_leaves_a_box_that_works_and_can_be_updated() {
    let turn = turn();
    let (dev, releases) = (dev_box(&turn), releases(&turn, "cuts"));
    let under_test = UpdateBox::of(&turn.lab, dev, "update-cuts", &releases).unwrap();
    let seed = chance::seed("ANYA_QEMU_SEED").unwrap();
    let cuts = std::env::var("ANYA_QEMU_CUTS").map_or(4, |count| count.parse().unwrap());
    println!("{cuts} power cuts with ANYA_QEMU_SEED={seed}");
    let told = |number: usize, cut: update_cuts::Cut| println!("cut {number}: {cut}");
    update_cuts::run(&turn.lab, &under_test, &releases, seed, cuts, told).unwrap();
}
