//! A release on a stick that is plugged into the booted image.

use std::fs;
use std::time::Duration;

use qemu_tests::releases::{NewRelease, Releases};
use qemu_tests::stick::Stick;
use qemu_tests::update_box::{Running, UpdateBox};
use serde_json::{Value, json};

use crate::dev::dev_box;
use crate::turn::turn;

const MEDIA: &str = "/api/v1/updates/media";
/// For what the box notices or copies, emulated.
const PATIENCE: Duration = Duration::from_secs(180);
/// So slow that a stick can be pulled out in the middle, bytes per second.
const SLOW: u64 = 2 << 20;
const NOTHING: &str = r#"{"releases": [], "taking": null}"#;

fn until(running: &Running, met: impl Fn(&Value) -> bool) -> Value {
    running.client.until(MEDIA, PATIENCE, met).unwrap()
}

#[test]
fn a_release_on_a_stick_is_told_and_taken_when_asked_for() {
    let turn = turn();
    let dev = dev_box(&turn);
    let releases = Releases::new(&turn.lab, "stick").unwrap();
    let name = releases.publish(&turn.lab, &NewRelease::of("0.2.0")).unwrap();
    let bundle = releases.bundle(&name).unwrap();
    let file = bundle.file_name().unwrap().to_str().unwrap().to_owned();
    let others = bundle.with_file_name("anya-0.3.0-generic-x86_64.update");
    fs::write(&others, "for another board").unwrap();
    let under_test = UpdateBox::of(&turn.lab, dev, "media", &releases).unwrap();
    let mut running = under_test.resume(&turn.lab).unwrap();
    // Nothing by itself; the server is never asked.
    running.follow_server().unwrap();
    let nothing: Value = serde_json::from_str(NOTHING).unwrap();
    assert_eq!(running.client.get(MEDIA).unwrap(), nothing, "its own disk is no medium");

    let stick = Stick::new(&turn.lab, under_test.disk(), &[&bundle, &others]).unwrap();
    running.machine.plug_in(&stick, Some(SLOW)).unwrap();
    let media = until(&running, |media| media["releases"][1].is_object());
    let (other, ours) = (&media["releases"][0], &media["releases"][1]);
    assert_eq!((&other["fit"], &other["version"]), (&json!("other_board"), &json!("0.3.0")), "{media}");
    assert_eq!((&ours["fit"], &ours["file"]), (&json!("newer"), &json!(file)), "{media}");
    assert_eq!(ours["size"], fs::metadata(&bundle).unwrap().len());

    let mounts = running.machine.sh("grep ' /run/anya-media/' /proc/mounts").unwrap();
    let mounts: Vec<_> = mounts.trim().lines().collect();
    let [mount] = mounts[..] else { panic!("one medium: {mounts:?}") };
    let words: Vec<_> = mount.split(' ').collect();
    assert_eq!(words[2], "vfat");
    for option in ["ro", "nosuid", "nodev", "noexec", "nosymfollow", "uid=900", "fmask=0377", "dmask=0277"] {
        assert!(words[3].split(',').any(|word| word == option), "{option} is not in {mount}");
    }
    assert_eq!(running.status().unwrap()["offer"], Value::Null, "nothing is taken by itself");

    // Pulled out in the middle: told, and nothing half-made.
    let order = json!({"medium": ours["medium"], "file": file});
    running.client.post(MEDIA, &order, 202).unwrap();
    until(&running, |media| media["taking"]["done"].as_u64() > Some(0));
    running.machine.pull_out().unwrap();
    assert_eq!(until(&running, |media| media["taking"].is_null() && *media == nothing), nothing);
    let status = running.status().unwrap();
    assert_eq!(
        (&status["problem"]["code"], &status["offer"]),
        (&json!("broken_off"), &Value::Null),
        "{status}"
    );
    running.machine.sh("test ! -e /data/anya/updates/release.update").unwrap();
    let left =
        running.machine.sh("ls /run/anya-media; grep -c ' /run/anya-media/' /proc/mounts || true").unwrap();
    assert_eq!(left.trim(), "0", "nothing is mounted any more");

    // Once more, to the end; then the stick can go.
    running.machine.plug_in(&stick, None).unwrap();
    let media = until(&running, |media| media["releases"][1].is_object());
    let order = json!({"medium": media["releases"][1]["medium"], "file": file});
    running.client.post(MEDIA, &order, 202).unwrap();
    until(&running, |media| media["taking"].is_null());
    let status = running.status().unwrap();
    assert_eq!(
        (&status["offer"]["source"], &status["offer"]["version"], &status["problem"]),
        (&json!("file"), &json!("0.2.0"), &Value::Null),
        "{status}"
    );
    running.machine.pull_out().unwrap();
    assert_eq!(releases.server().served(), 0, "all of it came on the stick");
}
