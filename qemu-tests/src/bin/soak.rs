//! The long test of power cuts: `soak --seed N --cuts 50`. The result is one JSON file.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Parser;
use qemu_tests::chance;
use qemu_tests::dev_box::DevBox;
use qemu_tests::lab::Lab;
use qemu_tests::power_cuts::{self, Cut};
use serde::Serialize;

/// Cuts the power of the booted image at random moments and checks after each that nothing is lost.
#[derive(Parser)]
struct Arguments {
    /// Which random moments: the same seed gives the same ones. The clock's when absent.
    #[arg(long, env = "ANYA_QEMU_SEED")]
    seed: Option<u64>,
    /// How often the power goes.
    #[arg(long, default_value_t = 50)]
    cuts: usize,
    /// Where the result goes.
    #[arg(long, default_value = "target/soak/power-cuts.json")]
    out: PathBuf,
}

#[derive(Serialize)]
struct Report {
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

#[expect(clippy::print_stderr, reason = "progress of a command-line tool")]
fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let seed = match arguments.seed {
        Some(seed) => seed,
        None => chance::seed("ANYA_QEMU_SEED")?,
    };
    let lab = Lab::open()?;
    let started = Instant::now();
    eprintln!("{} power cuts with seed {seed}; booting the image first", arguments.cuts);
    let dev = DevBox::prepare(&lab, "soak")?;
    let mut cuts = Vec::new();
    let done = power_cuts::run(&lab, &dev, seed, arguments.cuts, |number, cut| {
        eprintln!(
            "cut {number}: after {:.1} s and {} answers; back in {:.0} s, {} audit entries",
            cut.after_s, cut.answered, cut.boot_s, cut.audit_entries
        );
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
    if let Some(folder) = arguments.out.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(&arguments.out, serde_json::to_string_pretty(&report)? + "\n")
        .with_context(|| arguments.out.display().to_string())?;
    eprintln!("{}", arguments.out.display());
    dev.discard();
    done
}
