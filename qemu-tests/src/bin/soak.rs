//! The long tests of power cuts: `soak --seed N --cuts 50`. Each writes its result as one JSON file.

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};
use qemu_tests::dev_box::DevBox;
use qemu_tests::lab::Lab;
use qemu_tests::releases::Releases;
use qemu_tests::update_box::{self, UpdateBox};
use qemu_tests::{chance, power_cuts, update_cuts};
use serde::Serialize;

/// Cuts the power of the booted image at random moments and checks after each that nothing is lost.
#[derive(Parser)]
struct Arguments {
    /// Which random moments: the same seed gives the same ones. The clock's when absent
    #[arg(long, env = "ANYA_QEMU_SEED")]
    seed: Option<u64>,
    /// How often the power goes, in each of the tests
    #[arg(long, default_value_t = 50)]
    cuts: usize,
    /// One of the tests alone
    #[arg(long)]
    only: Option<During>,
    /// The folder of the results
    #[arg(long, default_value = "target/soak")]
    out: PathBuf,
}

/// What the box does when the power goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum During {
    /// It makes keys, signs and deletes: power-cuts.json
    Work,
    /// It is updated: update-cuts.json
    Update,
}

#[derive(Serialize)]
struct Report<Cut> {
    /// Which moments.
    seed: u64,
    /// How many cuts were asked for.
    wanted: usize,
    /// Whether all of them were survived.
    passed: bool,
    /// What was lost, or what else went wrong.
    error: Option<String>,
    /// How long it took in all, seconds.
    total_s: f64,
    /// The root hash of the image.
    image: String,
    cuts: Vec<Cut>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let seed = match arguments.seed {
        Some(seed) => seed,
        None => chance::seed("ANYA_QEMU_SEED")?,
    };
    let lab = Lab::open()?;
    fs::create_dir_all(&arguments.out)?;
    let wanted = |during| arguments.only.is_none_or(|only| only == during);
    tell(&format!("{} power cuts with seed {seed}; booting the image first", arguments.cuts));
    let dev = DevBox::prepare(&lab, "soak", update_box::setup())?;
    // The one with copies first: the other one works on the box itself.
    let mut all = Vec::new();
    if wanted(During::Update) {
        let releases = Releases::new(&lab, "soak")?;
        let under_test = UpdateBox::of(&lab, &dev, "soak-update", &releases)?;
        all.push(report(&arguments, &lab, seed, "update-cuts.json", |told| {
            update_cuts::run(&lab, &under_test, &releases, seed, arguments.cuts, told)
        }));
        under_test.disk().discard();
    }
    if wanted(During::Work) {
        dev.rewind(&lab)?;
        all.push(report(&arguments, &lab, seed, "power-cuts.json", |told| {
            power_cuts::run(&lab, &dev, seed, arguments.cuts, told)
        }));
    }
    dev.discard();
    all.into_iter().collect()
}

/// Runs a test and writes what came of it.
fn report<Cut: Serialize + std::fmt::Display>(
    arguments: &Arguments,
    lab: &Lab,
    seed: u64,
    file: &str,
    test: impl FnOnce(&mut dyn FnMut(usize, Cut)) -> Result<()>,
) -> Result<()> {
    let started = Instant::now();
    let mut cuts = Vec::new();
    let done = test(&mut |number, cut| {
        tell(&format!("cut {number}: {cut}"));
        cuts.push(cut);
    });
    let report = Report {
        seed,
        wanted: arguments.cuts,
        passed: done.is_ok(),
        error: done.as_ref().err().map(|error| format!("{error:#}")),
        total_s: started.elapsed().as_secs_f64(),
        image: lab.image().root_hash()?,
        cuts,
    };
    let out = arguments.out.join(file);
    fs::write(&out, serde_json::to_string_pretty(&report)? + "\n")
        .with_context(|| out.display().to_string())?;
    tell(&out.display().to_string());
    done
}

#[expect(clippy::print_stderr, reason = "progress of a command-line tool")]
fn tell(text: &str) {
    eprintln!("{text}");
}
