//! Updates of the booted image, from a real web server on loopback.

use std::fs;

use image::build::Profile;
use qemu_tests::box_client::BoxClient;
use qemu_tests::releases::{NewRelease, Releases};
use qemu_tests::update_box::{Running, UpdateBox};
use qemu_tests::{chance, tamper, update_cuts};
use serde_json::{Value, json};

use crate::dev::dev_box;
use crate::release_box::{Turn, turn};

/// The version under test.
const FIRST: &str = "0.1.0";

fn releases(turn: &Turn, name: &str) -> Releases {
    Releases::new(&turn.lab, name).unwrap()
}

fn audited(client: &BoxClient) -> Vec<String> {
    let log = client.get("/api/v1/security/audit?limit=100").unwrap();
    let entries = log["items"].as_array().unwrap();
    entries.iter().map(|entry| entry["action"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_update_comes_by_delta_keeps_everything_and_can_be_taken_back() {
    let turn = turn();
    let (dev, releases) = (dev_box(&turn), releases(&turn, "delta"));
    let next = turn.lab.next_image().unwrap();
    releases.publish(&turn.lab, &NewRelease::of("0.2.0", &next)).unwrap();
    let under_test = UpdateBox::of(&turn.lab, dev, "update-delta", &releases).unwrap();
    let running = under_test.boot(&turn.lab).unwrap();
    let client = &running.client;
    let keys = client.get("/api/v1/security/keys").unwrap();
    running.follow_server().unwrap();

    let offer = running.look().unwrap();
    assert_eq!(
        (&offer["version"], &offer["notes"]),
        (&json!("0.2.0"), &json!("Version 0.2.0 is for a test."))
    );
    assert_eq!(offer["signed_by"], json!(["Developer 1", "Developer 2"]));
    let (size, download) = (offer["size"].as_u64().unwrap(), offer["download"].as_u64().unwrap());
    running.install("0.2.0", false).unwrap();
    println!("{download} of {size} bytes to fetch, {} served", releases.server().served());
    assert!(download < size / 4, "{download} of {size}");
    assert!(releases.server().served() < size / 4, "what was told is what was fetched");
    assert_eq!(running.version().unwrap(), FIRST, "nothing changes before the restart");

    let status = running.restart().unwrap();
    assert_eq!(
        (&status["phase"]["phase"], &status["running"]),
        (&json!("good"), &json!("0.2.0")),
        "{status}"
    );
    assert_eq!(status["previous"], json!({"version": FIRST, "refused": null}));
    assert_eq!(client.get("/api/v1/security/keys").unwrap(), keys);
    assert_eq!(client.get("/api/v1/storage").unwrap()["volume"]["protection"], "tpm");
    let told = audited(client);
    assert!(["update.install", "update.installed"].iter().all(|action| told.contains(&action.to_string())));

    client.post("/api/v1/updates/rollback", &Value::Null, 202).unwrap();
    let status = running.until_running(FIRST).unwrap();
    assert_eq!(
        (&status["phase"]["phase"], &status["previous"]["version"]),
        (&json!("idle"), &json!("0.2.0"))
    );
    assert_eq!(client.get("/api/v1/security/keys").unwrap(), keys);
    let offer = running.look().unwrap();
    assert!(offer["set_aside"].is_string(), "what the owner left does not come back by itself: {offer}");
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
#[ignore = "many minutes of emulation: make soak"]
fn a_release_that_does_not_work_ends_on_the_version_before_with_the_reason() {
    let turn = turn();
    let (dev, releases) = (dev_box(&turn), releases(&turn, "broken"));
    let next = turn.lab.next_image().unwrap();
    let under_test = UpdateBox::of(&turn.lab, dev, "update-broken", &releases).unwrap();
    let running = under_test.boot(&turn.lab).unwrap();
    running.follow_server().unwrap();

    // Refused before anything is written: the loader would leave to the firmware instead of going on.
    let unsigned = NewRelease { signed: false, ..NewRelease::of("0.2.0", &next) };
    releases.publish(&turn.lab, &unsigned).unwrap();
    running.look().unwrap();
    let refused = running.install("0.2.0", false).unwrap_err().to_string();
    assert!(refused.contains("not signed for this box"), "{refused}");
    assert_eq!(running.status().unwrap()["history"][0]["outcome"], "refused");

    let words = ["rdinit=/nothing"];
    let panics = NewRelease { words: &words, ..NewRelease::of("0.2.1", &next) };
    assert_goes_back(&turn, &releases, &running, &panics, "did not start in any of its tries");
    let words = ["systemd.mask=anyad.service"];
    let silent = NewRelease { words: &words, ..NewRelease::of("0.2.2", &next) };
    assert_goes_back(&turn, &releases, &running, &silent, "did not answer");
}

#[test]
#[ignore = "many minutes of emulation: make soak"]
fn a_slot_that_was_good_and_is_damaged_gives_way_to_the_other() {
    let turn = turn();
    let (dev, releases) = (dev_box(&turn), releases(&turn, "damaged"));
    let next = turn.lab.next_image().unwrap();
    releases.publish(&turn.lab, &NewRelease::of("0.2.0", &next)).unwrap();
    let under_test = UpdateBox::of(&turn.lab, dev, "update-damaged", &releases).unwrap();
    let mut running = under_test.boot(&turn.lab).unwrap();
    running.follow_server().unwrap();
    running.look().unwrap();
    running.install("0.2.0", false).unwrap();
    assert_eq!(running.restart().unwrap()["running"], "0.2.0");
    let start = running.machine.sh("cat /sys/class/block/vda4/start").unwrap();
    let slot_b = 512 * start.trim().parse::<u64>().unwrap();
    let keys = running.client.get("/api/v1/security/keys").unwrap();
    running.machine.power_down().unwrap();

    let disk = next.disk(Profile::Release);
    let within = tamper::byte_of_root(&turn.lab, &disk).unwrap()
        - tamper::partitions(&turn.lab, &disk).unwrap()[1].start;
    under_test.disk().flip(&turn.lab, slot_b + within).unwrap();
    let running = under_test.boot(&turn.lab).unwrap();
    assert_eq!(running.version().unwrap(), FIRST);
    assert!(running.machine.starts() > 3, "the other one was tried first");
    assert_eq!(running.client.get("/api/v1/security/keys").unwrap(), keys);
}

#[test]
#[ignore = "many minutes of emulation: make soak"]
fn a_release_in_one_file_and_one_by_new_signers_are_taken_and_an_older_epoch_is_not() {
    let turn = turn();
    let (dev, releases) = (dev_box(&turn), releases(&turn, "signers"));
    let next = turn.lab.next_image().unwrap();
    let name = releases.publish(&turn.lab, &NewRelease::of("0.2.0", &next)).unwrap();
    let bundle = releases.bundle(&name).unwrap();
    let under_test = UpdateBox::of(&turn.lab, dev, "update-signers", &releases).unwrap();
    let running = under_test.boot(&turn.lab).unwrap();
    let client = &running.client;

    // Without a server.
    let status = client.upload("/api/v1/updates/file", &bundle).unwrap();
    assert_eq!((status.status, &status.body["offer"]["source"]), (200, &json!("file")), "{status:?}");
    let mut damaged = fs::read(&bundle).unwrap();
    let middle = damaged.len() / 2;
    damaged.truncate(middle);
    fs::write(&bundle, damaged).unwrap();
    running.install("0.2.0", false).unwrap();
    assert_eq!(running.restart().unwrap()["running"], "0.2.0");

    // From the next release on, others sign; and what was before them is not safe any more.
    running.follow_server().unwrap();
    releases.rotate().unwrap();
    let first = turn.lab.image();
    releases.publish(&turn.lab, &NewRelease { epoch: 2, ..NewRelease::of("0.3.0", first) }).unwrap();
    let offer = running.look().unwrap();
    assert_eq!(offer["signed_by"], json!(["Successor 1", "Successor 2"]));
    running.install("0.3.0", false).unwrap();
    let status = running.restart().unwrap();
    assert_eq!(
        (&status["phase"]["phase"], &status["running"]),
        (&json!("good"), &json!("0.3.0")),
        "{status}"
    );
    let refused = status["previous"]["refused"].as_str().unwrap_or_default();
    assert!(refused.contains("security epoch 1, but 2 is needed"), "{status}");
    let answer = client.ask("POST", "/api/v1/updates/rollback", Some(&Value::Null)).unwrap();
    assert!(answer.status >= 400, "{answer:?}");
    assert_eq!(running.version().unwrap(), "0.3.0");
}

#[test]
#[ignore = "many minutes of emulation: make soak"]
fn a_power_cut_at_any_moment_of_an_update_leaves_a_box_that_works_and_can_be_updated() {
    let turn = turn();
    let (dev, releases) = (dev_box(&turn), releases(&turn, "cuts"));
    let under_test = UpdateBox::of(&turn.lab, dev, "update-cuts", &releases).unwrap();
    let seed = chance::seed("ANYA_QEMU_SEED").unwrap();
    let cuts = std::env::var("ANYA_QEMU_CUTS").map_or(4, |count| count.parse().unwrap());
    println!("{cuts} power cuts with ANYA_QEMU_SEED={seed}");
    let told = |number: usize, cut: &update_cuts::Cut| println!("cut {number}: {cut:?}");
    update_cuts::run(&turn.lab, &under_test, &releases, seed, cuts, told).unwrap();
}
