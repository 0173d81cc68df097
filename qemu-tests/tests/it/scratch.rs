use crate::release_box::turn;
use image::build::Profile;
use qemu_tests::{
    disk::Disk,
    machine::{Machine, Setup},
};
use serde_json::json;
use std::time::Duration;
#[test]
fn scratch() {
    let turn = turn();
    let disk = Disk::new(&turn.lab, "scratch", &turn.lab.disk(Profile::Dev)).unwrap();
    let setup = Setup::default().with_agent();
    let mut machine = Machine::start(&turn.lab, &disk, &setup).unwrap();
    machine.wait_ready().unwrap();
    let code = machine.console_value("Claim code", Duration::from_secs(30)).unwrap();
    let key = machine.client().claim(&code).unwrap();
    let made = machine.client().with_key(&key).post("/api/v1/storage/recovery-key", &json!({}), 201).unwrap();
    println!("{made}");
    machine.sh("sync").unwrap();
    machine.cut_power();
    let tpm = if std::env::var_os("NONE").is_some() { None } else { Some("tpm-new".into()) };
    let mut machine = Machine::start(&turn.lab, &disk, &Setup { tpm, ..setup }).unwrap();
    println!("{:?}", machine.wait_served());
    println!("{:?}", machine.client().ask("POST", "/api/v1/storage/unlock", Some(&made)));
    for _ in 0..30 {
        println!(
            "{:?}",
            machine
                .client()
                .ask("GET", "/api/v1/system/fault", None)
                .map(|a| a.body["fault"]["reason"].clone())
        );
        println!("{:?}", machine.client().ask("GET", "/readyz", None));
        if machine.client().serves() == Some(serde_json::Value::Null) {
            break;
        }
        std::thread::sleep(Duration::from_secs(1));
    }
    for line in std::fs::read_to_string("/tmp/w/qt/commands").unwrap().lines() {
        println!(
            "$ {line}\n{}",
            machine
                .run(line, Duration::from_secs(90))
                .map_or_else(|e| format!("{e:#}"), |(s, o)| format!("{o}[{s}]"))
        );
    }
}
