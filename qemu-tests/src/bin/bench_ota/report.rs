//! The table for people and the JSON for programs.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use comfy_table::Table;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use serde::Serialize;

use crate::Bench;
use crate::client::{Release, Taken, Whole};
use crate::downtime::Downtime;
use crate::older::SERVICE;
use crate::peers::PerPart;

/// What a service-only change is to stay under, of the whole.
const AIM_SERVICE: f64 = 0.15;
/// What the client's memory is to stay under, KiB.
const AIM_MEMORY: u64 = 64 * 1024;

/// All that was measured.
#[derive(Serialize)]
pub(crate) struct Report {
    /// The new version's root hash.
    image: String,
    /// Whether the programs were compiled without optimisation: times count for little then.
    debug: bool,
    whole: Whole,
    pub(crate) pairs: Vec<Pair>,
    pub(crate) downtime: Option<Downtime>,
}

/// An update from one version to the new one.
#[derive(Serialize)]
pub(crate) struct Pair {
    pub(crate) name: &'static str,
    /// From what to what.
    pub(crate) what: String,
    /// Each file or package that differs.
    pub(crate) changed: Vec<String>,
    /// The box, whose other slot holds the same version.
    pub(crate) update: Taken,
    /// The box, whose other slot is empty.
    pub(crate) first: Taken,
    /// casync's chunks and indexes, bytes.
    pub(crate) casync: PerPart,
    /// zstd's patches, bytes.
    pub(crate) patch: Option<PerPart>,
}

impl Report {
    pub(crate) fn new(bench: &Bench<'_>, release: &Release) -> Result<Self> {
        Ok(Self {
            image: bench.new.root_hash()?,
            debug: cfg!(debug_assertions),
            whole: release.whole()?,
            pairs: Vec::new(),
            downtime: None,
        })
    }

    /// Prints the table, and writes the JSON.
    #[expect(clippy::print_stdout, reason = "the table is what the program is for")]
    pub(crate) fn publish(&self, out: &Path) -> Result<()> {
        let Whole { bytes, compressed_bytes, chunks, .. } = self.whole;
        println!(
            "The whole: {} raw, {} in {chunks} chunks and the indexes",
            mib(bytes),
            mib(compressed_bytes)
        );
        println!("{}", self.table());
        for pair in &self.pairs {
            println!("{}: {}", pair.name, pair.what);
        }
        if self.debug {
            println!("Compiled without optimisation: times are longer than a box's.");
        }
        if let Some(folder) = out.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(out, serde_json::to_string_pretty(self)? + "\n").with_context(|| out.display().to_string())
    }

    fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(UTF8_FULL_CONDENSED);
        let names = self.pairs.iter().map(|pair| pair.name.to_owned());
        table.set_header(["Of the whole, compressed".to_owned()].into_iter().chain(names));
        let mut row = |what: &str, cell: &dyn Fn(&Pair) -> String| {
            table.add_row([what.to_owned()].into_iter().chain(self.pairs.iter().map(cell)));
        };
        row("the box fetches", &|pair| self.share(pair.update.fetched_bytes));
        row("the box, its other slot empty", &|pair| self.share(pair.first.fetched_bytes));
        row("casync, chunks of the same sizes", &|pair| self.share(pair.casync.sum()));
        row("casync without the verity tree", &|pair| self.share(pair.casync.root + pair.casync.uki));
        row("zstd --patch-from", &|pair| pair.patch.map_or("-".to_owned(), |patch| self.share(patch.sum())));
        row("the box over casync", &|pair| ratio(pair.update.fetched_bytes, pair.casync.sum()));
        row("fewer bytes than casync", &|pair| met(pair.update.fetched_bytes < pair.casync.sum()));
        row("a service-only change below 15 %", &|pair| match pair.name {
            "service" if pair.changed.iter().any(|file| file == SERVICE) => {
                met(part(pair.update.fetched_bytes, self.whole.compressed_bytes) < AIM_SERVICE)
            }
            _ => String::new(),
        });
        row("take stock, s", &|pair| format!("{:.1}", pair.update.stock_seconds));
        row("assemble, s", &|pair| format!("{:.1}", pair.update.assemble_seconds));
        row("read back, s", &|pair| format!("{:.1}", pair.update.read_back_seconds));
        row("install, s", &|pair| format!("{:.1}", pair.update.install_seconds()));
        row("the client's peak memory, MiB", &|pair| {
            let peak = pair.update.peak_memory_kib.max(pair.first.peak_memory_kib);
            format!("{:.1} ({})", peak as f64 / 1024.0, met(peak < AIM_MEMORY))
        });
        if let Some(downtime) = self.downtime {
            table.add_row([
                "restart to READY, emulated, s".to_owned(),
                format!("{:.1}", downtime.restart_to_ready_seconds),
            ]);
            table.add_row([
                "fetch and install, emulated, s".to_owned(),
                format!("{:.1}", downtime.install_seconds),
            ]);
        }
        table
    }

    fn share(&self, bytes: u64) -> String {
        format!("{} ({:.1} %)", mib(bytes), 100.0 * part(bytes, self.whole.compressed_bytes))
    }
}

fn part(bytes: u64, whole: u64) -> f64 {
    bytes as f64 / whole as f64
}

fn ratio(bytes: u64, other: u64) -> String {
    format!("{:.2}", part(bytes, other))
}

fn mib(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

fn met(met: bool) -> String {
    if met { "yes" } else { "NO" }.to_owned()
}

/// Says what is under way; the table comes at the end.
#[expect(clippy::print_stderr, reason = "a tool tells its user what takes time")]
pub(crate) fn progress(what: &str) {
    eprintln!("Measuring {what}");
}
