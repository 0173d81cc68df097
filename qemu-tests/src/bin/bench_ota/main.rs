//! Measures updates: what a box fetches of a release, beside casync and zstd on the same two images, and what
//! installing takes.
//!
//! # Design
//!
//! The new version is the image that was built. What runs on the box is
//!
//! - for a change of the service: the image of an earlier commit;
//! - for an update of one Debian package, and for a rebuild of everything: the new image with packages of
//!   another version in it ([`older`]). It is packed as the image was, which is verified first: the same tree
//!   gives the same bytes.
//!
//! The box's side is a process of its own ([`client`]) that does what the service does, from a web server on
//! loopback, so that its memory can be told; what it fetches is what the server sent. The peers ([`peers`]) get
//! the same files: root, verity tree and kernel image.
//!
//! # Limits
//!
//! What runs after the change of a package was never started. The times are of this machine's disk; files stand
//! for partitions. Not measured: signatures (below 1 KB) and TLS.
//!
//! ```text
//! make bench-ota ARGS="--boot"
//! ```

mod client;
mod debian;
mod downtime;
mod older;
mod packed;
mod peers;
mod report;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use image::build::Image;
use qemu_tests::lab::Lab;

use older::{Older, Programs};
use report::{Pair, Report};

/// Measures updates beside casync and zstd.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    part: Option<Part>,
    /// The image of an earlier commit, with another service; without it, a change of the service is not measured
    #[arg(long)]
    older: Option<PathBuf>,
    /// The Debian packages of the security update, in the version of the last point release
    #[arg(long, value_delimiter = ',', default_value = "libssl3t64,openssl-provider-legacy")]
    packages: Vec<String>,
    /// The Debian release whose packages stand for a full rebuild
    #[arg(long, default_value = "forky")]
    suite: String,
    /// Only these of service, package, full
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// How zstd compresses a patch; 19 takes minutes for each pair, and 0 leaves it out
    #[arg(long, default_value_t = 19)]
    patch_level: u8,
    /// Boot the box, too, update it, and measure the downtime
    #[arg(long)]
    boot: bool,
    /// Where the result goes
    #[arg(long, default_value = "target/bench/ota.json")]
    out: PathBuf,
    /// Where images and stores are made
    #[arg(long, default_value = "target/bench-ota")]
    work: PathBuf,
}

#[derive(Subcommand)]
enum Part {
    /// What a box does, in this process (the benchmark calls it)
    Client(client::Order),
}

/// What every part needs.
struct Bench<'a> {
    lab: &'a Lab,
    /// The new version.
    new: &'a Image,
    /// An image of an earlier commit.
    older: Option<Image>,
    /// A folder of its own.
    work: PathBuf,
    arguments: &'a Arguments,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if let Some(Part::Client(order)) = &arguments.part {
        return client::run(order);
    }
    let work = std::path::absolute(&arguments.work)?;
    std::fs::create_dir_all(&work).with_context(|| work.display().to_string())?;
    let lab = Lab::open()?;
    let older = arguments.older.as_ref().map(|folder| Image::open(&std::path::absolute(folder)?));
    let bench = Bench { lab: &lab, new: lab.image(), older: older.transpose()?, work, arguments: &arguments };
    let report = measure(&bench)?;
    report.publish(&arguments.out)
}

fn measure(bench: &Bench<'_>) -> Result<Report> {
    let wanted = |name: &str| {
        let only = &bench.arguments.only;
        only.is_empty() || only.iter().any(|one| one == name)
    };
    report::progress("packing the unchanged root again");
    let new = packed::Unpacked::of(bench)?;
    new.verify_that_packing_is_the_images(bench)?;
    report::progress("cutting the new version into chunks");
    let release = client::Release::make(bench)?;
    let mut report = Report::new(bench, &release)?;
    if let Some(image) = bench.older.as_ref().filter(|_| wanted("service")) {
        let older = Older::built(bench, &new, image)?;
        report.pairs.push(pair("service", bench, &release, &older)?);
    }
    if wanted("package") {
        let older =
            older::with_packages(bench, &new, "package", "trixie", &bench.arguments.packages, Programs::New)?;
        report.pairs.push(pair("package", bench, &release, &older)?);
    }
    if wanted("full") {
        let all = debian::packages_of(bench.new.folder())?;
        let programs = if bench.older.is_some() { Programs::Older } else { Programs::New };
        let older = older::with_packages(bench, &new, "full", &bench.arguments.suite, &all, programs)?;
        report.pairs.push(pair("full", bench, &release, &older)?);
    }
    if bench.arguments.boot {
        report::progress("a restart into the new version");
        report.downtime = Some(downtime::measure(bench)?);
    }
    Ok(report)
}

fn pair(name: &'static str, bench: &Bench<'_>, release: &client::Release, older: &Older) -> Result<Pair> {
    report::progress(&format!("{name}: the box"));
    let update = release.install(bench, older.folder(), client::OtherSlot::SameAsRunning)?;
    let first = release.install(bench, older.folder(), client::OtherSlot::Empty)?;
    report::progress(&format!("{name}: casync"));
    let casync = peers::casync(bench, name, older.folder())?;
    let patch = match bench.arguments.patch_level {
        0 => None,
        level => {
            report::progress(&format!("{name}: zstd --patch-from"));
            Some(peers::patches(bench, older.folder(), level)?)
        }
    };
    let changed = older.changed().to_vec();
    Ok(Pair { name, what: older.what().to_owned(), changed, update, first, casync, patch })
}

/// The files of a version that are compared.
const PARTS: [(&str, &str); 3] = [("root", "root.raw"), ("verity", "verity.raw"), ("uki", "anya.efi")];

/// A folder of the benchmark, empty.
fn empty(folder: PathBuf) -> Result<PathBuf> {
    if folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
    }
    std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    Ok(folder)
}

/// A path as an argument of a program.
fn word(path: &Path) -> String {
    path.display().to_string()
}
