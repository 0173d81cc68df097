//! The box's side: what the service does with a release, from a server, in a process of its own.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use jiff::{SignedDuration, Timestamp};
use ota_client::kept::Keeping;
use ota_client::release::{self, Places, Stock};
use ota_client::slot_keeper::{ReadableSlots, SlotFiles};
use ota_client::source::{self, Cancel, HttpServer, Source, Terms};
use ota_client::{readback, verity};
use ota_core::index::ChunkIndex;
use ota_core::layout;
use ota_core::manifest::{Manifest, PartKind};
use ota_release::make;
use ota_release::repository::{Place, ReleaseName, Repository};
use qemu_tests::web_server::WebServer;
use serde::{Deserialize, Serialize};

use crate::{Bench, PARTS, empty, word};

const CHANNEL: &str = "stable";

/// What a box is told to do.
#[derive(clap::Args)]
pub(crate) struct Order {
    /// The server's address
    #[arg(long)]
    server: String,
    /// The board
    #[arg(long)]
    board: String,
    /// A folder with what runs: root.raw, verity.raw, anya.efi
    #[arg(long)]
    running: PathBuf,
    /// A folder with the other slot, and for what is kept
    #[arg(long)]
    other: PathBuf,
}

/// What it took.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Taken {
    /// The files of the chunks that were missing, bytes.
    pub(crate) chunk_bytes: u64,
    /// All that the server sent, with manifest and indexes, bytes.
    #[serde(default)]
    pub(crate) fetched_bytes: u64,
    /// Cutting and hashing what the slots hold, and working out what is missing.
    pub(crate) stock_seconds: f64,
    /// Fetching it, from loopback.
    pub(crate) fetch_seconds: f64,
    /// Putting the parts together.
    pub(crate) assemble_seconds: f64,
    /// Reading the slot and the kernel image back from the medium.
    pub(crate) read_back_seconds: f64,
    /// The most memory that was resident, KiB.
    pub(crate) peak_memory_kib: u64,
}

impl Taken {
    /// From the decision to install to the restart, without fetching.
    pub(crate) fn install_seconds(&self) -> f64 {
        self.stock_seconds + self.assemble_seconds + self.read_back_seconds
    }
}

/// What the slot that is going to be written holds.
#[derive(Clone, Copy)]
pub(crate) enum OtherSlot {
    /// The version that runs.
    SameAsRunning,
    /// Nothing but zeros.
    Empty,
}

/// Does it, and prints what it took.
#[expect(clippy::print_stdout, reason = "the answer for the benchmark that called")]
pub(crate) fn run(order: &Order) -> Result<()> {
    let cancel = Cancel::default();
    let mut server = source::Repository(HttpServer::new(&order.server, Terms::default())?);
    let manifest = server.manifest(&CHANNEL.parse()?, &order.board.parse()?)?.context("no manifest")?;
    let manifest = Manifest::parse(&manifest.document)?;
    let mut source = Keeping::new(order.other.join("kept"), &mut server);
    let [root, verity, _] = PARTS.map(|(_, file)| file);
    let slots = ReadableSlots {
        running: SlotFiles {
            root: File::open(order.running.join(root))?,
            verity: File::open(order.running.join(verity))?,
        },
        kernel_image: File::open(order.running.join("anya.efi"))?,
        other: SlotFiles {
            root: File::open(order.other.join(root))?,
            verity: File::open(order.other.join(verity))?,
        },
    };
    let writable = |file: &str| File::options().read(true).write(true).open(order.other.join(file));
    let (root, verity) = (writable(root)?, writable(verity)?);
    let uki = release::uki_file(&order.other.join("anya.efi"))?;

    let began = Instant::now();
    let stock = Stock::take(&slots, &cancel)?;
    let missing = release::missing(&mut source, &manifest, &stock, &root, &uki, &cancel)?;
    let stocked = began.elapsed();
    missing.fetch(&mut source, &cancel, &mut |_| ())?;
    let fetched = began.elapsed();
    let into = Places { root: &root, verity: &verity, uki: &uki };
    release::put_together(&mut source, &manifest, &stock, into, &cancel, &mut |_, _| ())?;
    let assembled = began.elapsed();
    verity::verify_slot(&manifest, &root, &verity)?;
    ensure!(readback::holds(&uki, &manifest.uki.image)?, "another kernel image");
    let read_back = began.elapsed();
    let taken = Taken {
        chunk_bytes: missing.bytes(),
        fetched_bytes: 0,
        stock_seconds: stocked.as_secs_f64(),
        fetch_seconds: (fetched - stocked).as_secs_f64(),
        assemble_seconds: (assembled - fetched).as_secs_f64(),
        read_back_seconds: (read_back - assembled).as_secs_f64(),
        peak_memory_kib: peak_memory()?,
    };
    println!("{}", serde_json::to_string(&taken)?);
    Ok(())
}

/// The high water mark of this process's resident memory, KiB (proc_pid_status(5)).
fn peak_memory() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    line.trim().trim_end_matches("kB").trim().parse().with_context(|| line.to_owned())
}

/// The new version, as a server has it.
pub(crate) struct Release {
    repository: PathBuf,
    board: String,
    server: WebServer,
    manifest: Manifest,
}

impl Release {
    /// Makes it; nobody signs it.
    pub(crate) fn make(bench: &Bench<'_>) -> Result<Self> {
        let image = bench.new.folder();
        let told: serde_json::Value = serde_json::from_slice(&fs::read(image.join("manifest.json"))?)?;
        let field = |name: &str| told[name].as_str().with_context(|| format!("manifest.json has no {name}"));
        let board = field("board")?.to_owned();
        let root = empty(bench.work.join("repository"))?;
        // The developers' list, as a release counts on one.
        let signers = bench.lab.cache().with_file_name("release").join("repository/signers");
        fs::create_dir_all(root.join("signers"))?;
        for file in ["1.json", "1.json.sig"] {
            fs::copy(signers.join(file), root.join("signers").join(file))
                .context("`make image` makes the list")?;
        }
        let repository = Repository::open_or_begin(&root)?;
        let place = Place { channel: CHANNEL.parse()?, board: board.parse()? };
        let name = ReleaseName { place, version: field("version")?.parse()? };
        let now = Timestamp::from_second(Timestamp::now().as_second())?;
        let order = make::Order {
            image: image.to_owned(),
            name: name.clone(),
            epoch: 1,
            minimum_version: "0.0.0".parse()?,
            expires: now + SignedDuration::from_hours(24),
            notes: "Of the benchmark.".to_owned(),
        };
        let made = make::make(&repository, &order, now)?;
        let manifest = repository.release(&name)?.manifest;
        let published = layout::manifest(&manifest.channel, &manifest.board);
        fs::copy(repository.path(&made.manifest), repository.path(&published))?;
        let server = WebServer::start(&root)?;
        Ok(Self { repository: root, board, server, manifest })
    }

    /// What a box fetches that has nothing: each chunk once, and the indexes.
    pub(crate) fn whole(&self) -> Result<Whole> {
        let mut chunks = std::collections::BTreeMap::new();
        let mut whole = Whole::default();
        for kind in PartKind::ALL {
            let part = self.manifest.part(kind);
            let index = fs::read(self.repository.join(layout::index(&self.manifest, kind)))?;
            chunks.extend(
                ChunkIndex::parse(&index, part.image.size)?
                    .chunks()
                    .map(|chunk| (chunk.sha256, u64::from(chunk.compressed))),
            );
            whole.index_bytes += part.index.size;
            whole.bytes += part.image.size;
        }
        whole.compressed_bytes = whole.index_bytes + chunks.values().sum::<u64>();
        whole.chunks = chunks.len();
        Ok(whole)
    }

    /// Has a box install it over a version.
    pub(crate) fn install(&self, bench: &Bench<'_>, running: &Path, other: OtherSlot) -> Result<Taken> {
        let slot = empty(bench.work.join("slot"))?;
        for (_, file) in &PARTS[..2] {
            let file_of_slot = slot.join(file);
            match other {
                OtherSlot::SameAsRunning => fs::copy(running.join(file), &file_of_slot).map(drop)?,
                OtherSlot::Empty => fs::write(&file_of_slot, [])?,
            }
            // As long as the partition.
            let length = fs::metadata(bench.new.folder().join(file))?.len();
            File::options().write(true).open(&file_of_slot)?.set_len(length)?;
        }
        for (_, file) in PARTS {
            // What the box runs is not in memory as a whole.
            readback::forget(&File::open(running.join(file))?)?;
        }
        let before = self.server.served();
        let done = Command::new(std::env::current_exe()?)
            .args(["client", "--board", &self.board])
            .args(["--server", &format!("http://127.0.0.1:{}", self.server.port())])
            .args(["--running", &word(running), "--other", &word(&slot)])
            .output()?;
        ensure!(done.status.success(), "the box: {}", String::from_utf8_lossy(&done.stderr));
        let mut taken: Taken = serde_json::from_slice(&done.stdout)?;
        taken.fetched_bytes = self.server.served() - before;
        fs::remove_dir_all(&slot)?;
        Ok(taken)
    }
}

/// A whole release.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Whole {
    /// Root, verity tree and kernel image, bytes.
    pub(crate) bytes: u64,
    /// The files of its chunks and the indexes, bytes.
    pub(crate) compressed_bytes: u64,
    /// Of it, the indexes.
    pub(crate) index_bytes: u64,
    /// How many different chunks.
    pub(crate) chunks: usize,
}
