//! casync and zstd, on the same files.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use image::tools::output;
use ota_client::chunker;
use serde::Serialize;

use crate::packed::NEW;
use crate::{Bench, PARTS, empty, word};

/// What is fetched of a part, bytes.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct PerPart {
    pub(crate) root: u64,
    pub(crate) verity: u64,
    pub(crate) uki: u64,
}

impl PerPart {
    pub(crate) fn sum(self) -> u64 {
        self.root + self.verity + self.uki
    }

    fn of(mut measure: impl FnMut(&str) -> Result<u64>) -> Result<Self> {
        let [root, verity, uki] = PARTS.map(|(_, file)| file);
        Ok(Self { root: measure(root)?, verity: measure(verity)?, uki: measure(uki)? })
    }
}

/// The files of the chunks that the older version has not, and the index, for each part. The chunks have the
/// box's sizes, and are compressed by zstd at casync's level.
pub(crate) fn casync(bench: &Bench<'_>, name: &str, older: &Path) -> Result<PerPart> {
    let new = bench.work.join("casync-new");
    if !new.exists() {
        cut(&bench.work.join(NEW), &new)?;
    }
    let old = bench.work.join(format!("casync-{name}"));
    cut(older, &old)?;
    let mut had: HashSet<_> = chunks(&old.join("store"))?.into_iter().map(|(name, _)| name).collect();
    let sizes: Vec<_> = chunks(&new.join("store"))?;
    let fetched = PerPart::of(|file| {
        let index = new.join(file).with_extension("caibx");
        let listed = listed(&index)?;
        let missing = sizes.iter().filter(|(name, _)| listed.contains(name) && had.insert(name.clone()));
        Ok(missing.map(|(_, size)| size).sum::<u64>() + fs::metadata(&index)?.size())
    })?;
    fs::remove_dir_all(&old)?;
    Ok(fetched)
}

/// Makes index and store of each part in a folder.
fn cut(version: &Path, to: &Path) -> Result<()> {
    let to = empty(to.to_owned())?;
    let sizes = format!("{}:{}:{}", chunker::MINIMUM, chunker::AVERAGE, chunker::MAXIMUM);
    for (_, file) in PARTS {
        let mut casync = Command::new("casync");
        casync
            .args(["make", "--compression=zstd", "--digest=sha256"])
            .arg(format!("--chunk-size={sizes}"))
            .arg(format!("--store={}", to.join("store").display()))
            .arg(to.join(file).with_extension("caibx"))
            .arg(version.join(file));
        output(&mut casync, "casync").context("dev-tools/setup bench-ota installs it")?;
    }
    Ok(())
}

/// The chunks of a store by name, and the sizes of their files.
fn chunks(store: &Path) -> Result<Vec<(String, u64)>> {
    let mut found = Vec::new();
    for folder in fs::read_dir(store)? {
        for file in fs::read_dir(folder?.path())? {
            let file = file?;
            let name = file.path().file_stem().unwrap_or_default().to_string_lossy().into_owned();
            found.push((name, file.metadata()?.size()));
        }
    }
    Ok(found)
}

/// The chunks of an index.
///
/// The format (casync's `src/caformat.h`): a head of 48 bytes and one of 16, then for each chunk the place where
/// it ends (8 bytes) and its digest (32); behind them a tail of 40 bytes.
fn listed(index: &Path) -> Result<HashSet<String>> {
    let bytes = fs::read(index)?;
    let records = bytes.get(64..bytes.len().saturating_sub(40)).context("no index of casync")?;
    let name = |digest: &[u8]| digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    Ok(records.chunks_exact(40).map(|record| name(&record[8..])).collect())
}

/// zstd's patches from the older version.
pub(crate) fn patches(bench: &Bench<'_>, older: &Path, level: u8) -> Result<PerPart> {
    let patch = bench.work.join("patch.zst");
    let new = bench.work.join(NEW);
    let sizes = PerPart::of(|file| {
        let mut zstd = bench.lab.command("zstd");
        zstd.args(["--quiet", "--force", "--long=31", "-T0"])
            .arg(format!("-{level}"))
            .arg(format!("--patch-from={}", word(&older.join(file))))
            .args([&word(&new.join(file)), "-o", &word(&patch)]);
        output(&mut zstd, "zstd")?;
        Ok(fs::metadata(&patch)?.size())
    })?;
    fs::remove_file(&patch)?;
    Ok(sizes)
}
