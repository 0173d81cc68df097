use crate::release_box::turn;
use image::build::Profile;
use qemu_tests::{
    disk::Disk,
    machine::{Machine, Setup},
};
#[test]
fn scratch() {
    let turn = turn();
    let disk = Disk::new(&turn.lab, "scratch", &turn.lab.disk(Profile::Dev)).unwrap();
    let mut machine = Machine::start(&turn.lab, &disk, &Setup::default().with_agent()).unwrap();
    println!("{:?}", machine.wait_served());
    for line in std::fs::read_to_string("/tmp/w/qt/commands").unwrap().lines() {
        println!(
            "$ {line}\n{}",
            machine
                .run(line, std::time::Duration::from_secs(90))
                .map_or_else(|e| format!("{e:#}"), |(s, o)| format!("{o}[{s}]"))
        );
    }
}
