//! The power goes while the box works.

use qemu_tests::{chance, power_cuts};

use crate::dev::dev_copy;
use crate::turn::turn;

#[test]
fn what_was_answered_survives_power_cuts() {
    let turn = turn();
    let dev = dev_copy(&turn);
    let seed = chance::seed("ANYA_QEMU_SEED").unwrap();
    let cuts = std::env::var("ANYA_QEMU_CUTS").map_or(3, |count| count.parse().unwrap());
    println!("{cuts} power cuts with ANYA_QEMU_SEED={seed}");
    let mut answered = 0;
    power_cuts::run(&turn.lab, &dev, seed, cuts, |number, cut| {
        println!("cut {number}: {cut:?}");
        answered += cut.answered;
    })
    .unwrap();
    assert!(answered > 0, "the box answered nothing between the cuts");
}
