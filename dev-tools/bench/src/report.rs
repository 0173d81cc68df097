//! The table for people and the JSON for programs.

use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};
use serde::Serialize;

use crate::requests::Load;

/// All that was measured, in order.
#[derive(Serialize)]
pub(crate) struct Report {
    /// Seconds since 1970, UTC.
    measured_at: u64,
    version: &'static str,
    processor: String,
    threads: usize,
    rows: Vec<Row>,
}

/// One measured figure.
#[derive(Default, Serialize)]
pub(crate) struct Row {
    what: String,
    value: f64,
    unit: &'static str,
    p50_microseconds: Option<u128>,
    p99_microseconds: Option<u128>,
    peer: Option<String>,
    peer_value: Option<f64>,
    /// The box's figure divided by the peer's.
    ratio: Option<f64>,
    aim: Option<&'static str>,
}

impl Row {
    pub(crate) fn latency(&mut self, load: &Load) -> &mut Self {
        self.p50_microseconds = Some(load.p50.as_micros());
        self.p99_microseconds = Some(load.p99.as_micros());
        self
    }

    pub(crate) fn peer(&mut self, name: &str, value: f64) -> &mut Self {
        self.peer = Some(name.to_owned());
        self.peer_value = Some(value);
        self.ratio = Some(self.value / value);
        self
    }

    pub(crate) fn aim(&mut self, aim: &'static str) -> &mut Self {
        self.aim = Some(aim);
        self
    }

    fn cells(&self) -> Vec<String> {
        let micros = |micros: Option<u128>| {
            micros.map(|micros| format!("{:.2} ms", micros as f64 / 1000.0)).unwrap_or_default()
        };
        let peer = match (&self.peer, self.peer_value) {
            (Some(name), Some(value)) => format!("{} ({name})", number(value)),
            _ => String::new(),
        };
        vec![
            self.what.clone(),
            format!("{} {}", number(self.value), self.unit).trim_end().to_owned(),
            micros(self.p50_microseconds),
            micros(self.p99_microseconds),
            peer,
            self.ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default(),
            self.aim.unwrap_or_default().to_owned(),
        ]
    }
}

/// Four digits are enough to compare by.
fn number(value: f64) -> String {
    match value.abs() {
        value if value >= 1000.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.4}"),
    }
}

impl Report {
    pub(crate) fn new(threads: usize) -> Self {
        let measured_at = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let processor = processor().unwrap_or_else(|| "unknown processor".into());
        Self { measured_at, version: env!("CARGO_PKG_VERSION"), processor, threads, rows: Vec::new() }
    }

    /// Says what is under way; the table comes at the end.
    #[expect(clippy::print_stderr, reason = "a tool tells its user what takes time")]
    pub(crate) fn progress(&self, what: &str) {
        eprintln!("Measuring {what}");
    }

    /// Adds a figure; the row takes more by its methods.
    pub(crate) fn add(&mut self, what: &str, value: f64, unit: &'static str) -> &mut Row {
        self.rows.push(Row { what: what.to_owned(), value, unit, ..Row::default() });
        let last = self.rows.len() - 1;
        &mut self.rows[last]
    }

    /// Prints the table, and writes `<time>.json` and `latest.json` into the folder.
    #[expect(clippy::print_stdout, reason = "the tool's output")]
    pub(crate) fn publish(&self, folder: &Path) -> anyhow::Result<()> {
        let mut table = Table::new();
        table.load_style(UTF8_FULL_CONDENSED);
        table.set_header(["What", "Box", "p50", "p99", "Peer", "Ratio", "Aim"]);
        table.add_rows(self.rows.iter().map(Row::cells));
        for column in [1, 2, 3, 5] {
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        println!("Anya Box {}, {}, {} threads\n{table}", self.version, self.processor, self.threads);
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        let text = serde_json::to_string_pretty(self)? + "\n";
        for name in [format!("{}.json", self.measured_at), "latest.json".to_owned()] {
            let path = folder.join(name);
            fs::write(&path, &text).with_context(|| format!("writing {}", path.display()))?;
        }
        Ok(())
    }
}

fn processor() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}
