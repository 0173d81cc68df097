//! Updates: what is told, and waiting for what an order comes to.

use serde_json::{Value, json};

use crate::double::Double;
use crate::terminal::Terminal;

const STATUS: &str = "GET /api/v1/updates";
const INSTALL: &str = "POST /api/v1/updates/install";

fn status(phase: &Value) -> Value {
    json!({
        "availability": {"state": "ready"}, "running": "1.2.0", "board": "generic-x86_64", "good": true,
        "activity": null, "phase": phase, "problem": null,
        "offer": {
            "version": "1.3.0", "source": "server", "notes": "Faster.\u{1b}[2J", "signed_by": ["Ada", "Grace"],
            "signed": "2026-11-20T00:00:00Z", "expires": "2027-11-20T00:00:00Z", "epoch": 2,
            "size": 734_003_200, "download": 32_505_856, "set_aside": null,
        },
        "last_check": {"at": "2026-11-21T09:00:00Z", "problem": null}, "next_check": "2026-11-21T21:00:00Z",
        "previous": {"version": "1.1.0", "refused": null}, "history": [],
    })
}

fn available() -> Value {
    status(&json!({"phase": "available", "version": "1.3.0"}))
}

/// The same, while the box does something about updates.
fn busy(activity: &str, phase: &Value) -> Value {
    let mut status = status(phase);
    status["activity"] = activity.into();
    status
}

fn failed(mut status: Value, text: &str) -> Value {
    status["problem"] = json!({"code": "slow_server", "text": text});
    status
}

/// A box that goes through these phases while it installs, once it was asked how it is; the last one stays.
fn going_through(phases: &[Value]) -> Double {
    let double = Double::start();
    let begun = busy("installing", &available()["phase"]);
    double.json(STATUS, 200, &begun);
    for phase in phases {
        double.then_json(STATUS, 200, &busy("installing", phase));
    }
    double.json(INSTALL, 202, &begun);
    double
}

fn downloading(done: u64) -> Value {
    json!({"phase": "downloading", "version": "1.3.0", "done": done, "total": 32_505_856})
}

fn installing(step: &str) -> Value {
    json!({"phase": "installing", "version": "1.3.0", "step": step})
}

#[test]
fn how_updates_are_is_told() {
    let double = Double::start();
    double.json(STATUS, 200, &available());
    let told = Terminal::new().at(&double, &["update", "status"]).done();
    for part in [
        "1.2.0 on generic-x86_64, everything works",
        "1.3.0 can be installed",
        "700.0 MiB, 31.0 MiB to download",
        "Ada, Grace",
        "2026-11-21 21:00:00",
        "anya update rollback",
        "Faster.",
    ] {
        assert!(told.contains(part), "{part} is not in {told}");
    }
    assert!(!told.contains('\u{1b}'), "notes cannot steer the terminal: {told:?}");
    assert_eq!(Terminal::new().at(&double, &["--json", "update", "status"]).json(), available());
}

#[test]
fn installing_waits_until_the_restart_is_due_and_shows_the_steps() {
    let pending = json!({"phase": "restart_pending", "version": "1.3.0", "at": "2026-11-22T03:00:00Z"});
    // All of it is there before the first step of the installation is told.
    let ready = json!({"phase": "ready", "version": "1.3.0"});
    let phases = [
        downloading(0),
        downloading(16 << 20),
        ready.clone(),
        ready,
        installing("write_root"),
        installing("arm"),
    ];
    let double = going_through(&phases);
    double.then_json(STATUS, 200, &status(&pending));
    let ended = Terminal::new().at(&double, &["update", "install"]);
    assert_eq!(ended.status, 0, "{ended:?}");
    assert!(
        ended.out.starts_with("Version 1.3.0 is installed. The box restarts into it at 2026-11-22 03:00:00")
    );
    let steps: Vec<_> = ended.err.lines().collect();
    assert!(steps[0].starts_with("Downloading 1.3.0 [") && steps[0].ends_with("31.0 MiB"), "{steps:?}");
    assert_eq!(steps[1..], ["Installing 1.3.0: writing it", "Installing 1.3.0: making it ready to start"]);
    assert_eq!(double.request(INSTALL).body, json!({"version": "1.3.0", "insist": false}));
}

#[test]
fn an_installation_that_fails_says_why() {
    let double = going_through(&[downloading(0), downloading(1)]);
    double.then_json(STATUS, 200, &failed(available(), "The server is too slow."));
    let ended = Terminal::new().at(&double, &["update", "install", "1.3.0", "--insist"]);
    assert_eq!((ended.status, ended.out.as_str()), (1, ""), "{ended:?}");
    assert!(
        ended.err.ends_with("anya: the update did not go through: The server is too slow.\n"),
        "{ended:?}"
    );
    assert_eq!(double.request(INSTALL).body["insist"], true);
}

#[test]
fn one_need_not_wait() {
    let double = going_through(&[]);
    let told = Terminal::new().at(&double, &["update", "install", "1.3.0", "--no-wait"]).done();
    assert!(told.contains("anya update status"), "{told}");
}

#[test]
fn a_look_ends_with_what_was_found() {
    let double = Double::start();
    let none = |looked: &str, problem: Value| {
        let mut none = status(&json!({"phase": "idle"}));
        (none["offer"], none["last_check"]) = (Value::Null, json!({"at": looked, "problem": problem}));
        none
    };
    let before = none("2026-11-21T09:00:00Z", Value::Null);
    let look = |found: &Value| {
        let begun = busy("checking", &before["phase"]);
        double.json(STATUS, 200, &begun);
        let checking = json!({"phase": "checking", "since": "2026-11-21T10:00:00Z"});
        double.then_json(STATUS, 200, &busy("checking", &checking));
        double.then_json(STATUS, 200, &busy("measuring", &found["phase"]));
        double.then_json(STATUS, 200, found);
        double.json("POST /api/v1/updates/check", 202, &begun);
        Terminal::new().at(&double, &["update", "check"])
    };
    assert_eq!(look(&none("2026-11-21T10:00:00Z", Value::Null)).done(), "Version 1.2.0 is the newest.\n");
    let problem = json!({"code": "unreachable", "text": "The server does not answer."});
    let ended = look(&none("2026-11-21T10:00:00Z", problem));
    assert_eq!(ended.status, 1);
    assert!(ended.err.contains("The server does not answer."), "{ended:?}");
    let mut found = available();
    found["last_check"]["at"] = "2026-11-21T10:00:00Z".into();
    assert!(look(&found).done().contains("1.3.0 can be installed"));
}

#[test]
fn a_file_is_sent_and_what_is_in_it_is_installed() {
    let double = going_through(&[downloading(0)]);
    let pending = json!({"phase": "restart_pending", "version": "1.3.0", "at": null});
    double.then_json(STATUS, 200, &status(&pending));
    double.json("POST /api/v1/updates/file", 200, &available());
    let terminal = Terminal::new();
    let file = terminal.file("anya-1.3.0.update", &"x".repeat(100_000));
    let ended = terminal.at(&double, &["update", "install", file.to_str().unwrap()]);
    assert_eq!(ended.out, "Version 1.3.0 is installed. `anya update restart` starts it.\n", "{ended:?}");
    assert!(ended.err.contains("The box checks the file"), "{ended:?}");
    let sent = double.request("POST /api/v1/updates/file");
    assert_eq!(sent.headers["content-type"], "application/octet-stream");
    assert_eq!(sent.headers["content-length"], "100000");
}

#[test]
fn a_file_that_is_not_there_is_told_before_anything_is_sent() {
    let double = Double::start();
    let told = Terminal::new().at(&double, &["update", "install", "/nowhere/x.update"]).failed();
    assert!(told.contains("nor a file that is there"), "{told}");
    assert!(double.requests().is_empty());
}

const MEDIA: &str = "GET /api/v1/updates/media";
const TAKE: &str = "POST /api/v1/updates/media";

fn media(fits: &[(&str, &str)], done: Option<u64>) -> Value {
    let release = |(version, fit): &(&str, &str)| {
        json!({"medium": "sdb1", "file": format!("anya-{version}-generic-x86_64.update"), "version": version,
            "board": "generic-x86_64", "size": 734_003_200, "fit": fit})
    };
    let taking = done.map(|done| {
        json!({"medium": "sdb1", "file": "anya-1.3.0-generic-x86_64.update", "done": done, "total": 734_003_200})
    });
    json!({"releases": fits.iter().map(release).collect::<Vec<_>>(), "taking": taking})
}

#[test]
fn what_is_on_a_stick_is_a_table() {
    let double = Double::start();
    double.json(MEDIA, 200, &media(&[("1.3.0", "newer"), ("1.1.0", "older")], None));
    let told = Terminal::new().at(&double, &["update", "media"]).done();
    for part in ["sdb1", "1.3.0", "700.0 MiB", "can be installed", "is older than what runs"] {
        assert!(told.contains(part), "{part} is not in {told}");
    }
    double.json(MEDIA, 200, &media(&[], None));
    let told = Terminal::new().at(&double, &["update", "media"]).done();
    assert!(told.contains("No stick with a release is plugged into the box"), "{told}");
}

#[test]
fn a_version_on_a_stick_is_taken_and_installed() {
    let double = going_through(&[installing("write_root")]);
    let pending = json!({"phase": "restart_pending", "version": "1.3.0", "at": null});
    double.then_json(STATUS, 200, &status(&pending));
    let on_it = [("1.4.0", "other_board"), ("1.3.0", "newer")];
    double.json(MEDIA, 200, &media(&on_it, None));
    double.then_json(MEDIA, 200, &media(&on_it, Some(367_001_600)));
    double.then_json(MEDIA, 200, &media(&on_it, Some(734_003_200)));
    double.then_json(MEDIA, 200, &media(&on_it, None));
    double.json(TAKE, 202, &available());
    let ended = Terminal::new().at(&double, &["update", "install", "--media"]);
    assert_eq!(ended.out, "Version 1.3.0 is installed. `anya update restart` starts it.\n", "{ended:?}");
    assert!(ended.err.contains("Copying from the stick") && ended.err.contains("The box checks the file"));
    let file = "anya-1.3.0-generic-x86_64.update";
    assert_eq!(double.request(TAKE).body, json!({"medium": "sdb1", "file": file}));
}

#[test]
fn what_is_wrong_with_a_stick_is_told() {
    let double = Double::start();
    let refused = |arguments: &[&str]| Terminal::new().at(&double, arguments).failed();
    double.json(MEDIA, 200, &media(&[], None));
    assert!(refused(&["update", "install", "--media"]).contains("no stick with a release is plugged"));
    double.json(MEDIA, 200, &media(&[("1.3.0", "other_board")], None));
    assert!(refused(&["update", "install", "--media"]).contains("is for another kind of box"));
    assert!(refused(&["update", "install", "1.4.0", "--media"]).contains("version 1.4.0 is on no stick"));
    double.json(MEDIA, 200, &media(&[("1.3.0", "newer")], None));
    double.json(TAKE, 202, &available());
    let damaged = "The file did not come whole (the stick was pulled out).";
    double.json(STATUS, 200, &failed(status(&json!({"phase": "idle"})), damaged));
    assert!(refused(&["update", "install", "--media"]).contains(damaged));
}

#[test]
fn a_machine_that_takes_no_updates_says_so_in_one_line() {
    let double = going_through(&[]);
    double.problem(
        INSTALL,
        409,
        &json!({"title": "This machine takes no updates", "status": 409, "detail": "It is a developer's.",
            "next": "Use an image."}),
    );
    let told = Terminal::new().at(&double, &["update", "install", "1.3.0"]).failed();
    assert_eq!(told.trim_end(), "anya: This machine takes no updates: It is a developer's. Use an image.");
}

#[test]
fn settings_are_shown_and_what_is_given_is_changed() {
    const SETTINGS: &str = "/api/v1/updates/settings";
    let double = Double::start();
    let kept = json!({
        "automatic": "install", "server": "https://updates.example/anya", "channel": "stable",
        "check_every_hours": 12, "restart": {"when": "at", "at": "03:00"}, "bandwidth": null,
    });
    double.json(&format!("GET {SETTINGS}"), 200, &kept);
    double.json(&format!("PUT {SETTINGS}"), 200, &kept);
    let terminal = Terminal::new();
    let told = terminal.at(&double, &["update", "settings"]).done();
    assert!(told.contains("at 03:00 UTC") && told.contains("as fast as it can"), "{told}");
    assert!(double.requests().iter().all(|request| request.line.starts_with("GET")), "nothing was changed");

    let change = ["update", "settings", "--restart", "manual", "--server", "none", "--bandwidth", "500000"];
    terminal.at(&double, &change).done();
    let mut wanted = kept;
    (wanted["server"], wanted["bandwidth"]) = (Value::Null, json!(500_000));
    wanted["restart"] = json!({"when": "manual", "at": null});
    assert_eq!(double.request(&format!("PUT {SETTINGS}")).body, wanted);
    assert_eq!(terminal.at(&double, &["update", "settings", "--automatic", "maybe"]).status, 2);
}

#[test]
fn the_history_is_a_table() {
    let double = Double::start();
    let reason = "It did not start in any of its tries.";
    double.json(
        "GET /api/v1/updates/history",
        200,
        &json!({"items": [{"version": "1.3.0", "at": "2026-11-22T03:09:00Z", "outcome": "rolled_back",
            "reason": reason}], "next_cursor": null}),
    );
    let told = Terminal::new().at(&double, &["update", "history"]).done();
    assert!(told.contains("rolled back") && told.contains(reason), "{told}");
}
