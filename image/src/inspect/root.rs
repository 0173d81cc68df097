//! The root of slot A: its hash, and how much of the partition it fills.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use super::disk::{Partition, ROOT, VERITY};
use crate::tools::Tools;

/// Where models lie in the root.
const MODELS: &str = "/usr/share/anya/models";
/// Where the superblock of erofs lies in the file system, bytes.
const SUPERBLOCK: u64 = 1024;
const MAGIC: u32 = 0xe0f5_e1e2;

/// A root file system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Root {
    /// The root hash of dm-verity, hexadecimal.
    pub hash: String,
    /// The slot's size, bytes.
    pub size: u64,
    /// What the file system takes of it, bytes.
    pub used: u64,
    /// What the models take of that, compressed, bytes.
    pub models: u64,
}

pub(super) fn look(tools: &Tools, disk: &Path, seen: &Path, partitions: &[Partition]) -> Result<Root> {
    let first = |kind: &str| {
        partitions.iter().find(|partition| partition.kind == kind && partition.label != "_empty")
    };
    let root = first(ROOT).context("the disk has no root")?;
    let verity = first(VERITY).context("the disk has no hash tree for its root")?;
    Ok(Root {
        hash: format!("{}{}", root.id, verity.id).replace('-', ""),
        size: root.size,
        used: used(disk, root.start)?,
        models: models(tools, seen, root.start)?,
    })
}

/// The size that the superblock tells (fs/erofs/erofs_fs.h: block bits at 12, blocks at 36).
fn used(disk: &Path, start: u64) -> Result<u64> {
    let mut file = File::open(disk).with_context(|| format!("cannot open {}", disk.display()))?;
    let mut block = [0; 128];
    file.seek(SeekFrom::Start(start + SUPERBLOCK))?;
    file.read_exact(&mut block).context("the disk ends before its root")?;
    used_of(&block)
}

pub(super) fn used_of(superblock: &[u8; 128]) -> Result<u64> {
    let word = |at: usize| u32::from_le_bytes([0, 1, 2, 3].map(|byte| superblock[at + byte]));
    ensure!(word(0) == MAGIC, "the root is no erofs");
    let bits = u32::from(superblock[12]);
    ensure!((9..=16).contains(&bits), "the root's blocks have {bits} bits");
    Ok(u64::from(word(36)) << bits)
}

/// The models' compressed size, file by file.
fn models(tools: &Tools, disk: &Path, start: u64) -> Result<u64> {
    let dump = |more: &[&str]| {
        let mut arguments = vec![format!("--offset={start}")];
        arguments.extend(more.iter().map(|&word| word.to_owned()));
        arguments.push(disk.display().to_string());
        tools.output("dump.erofs", arguments)
    };
    // An image without models lacks the folder.
    let Ok(folders) = dump(&["--ls", &format!("--path={MODELS}")]) else { return Ok(0) };
    let mut total = 0;
    for model in entries(&folders) {
        let folder = format!("{MODELS}/{model}");
        for file in entries(&dump(&["--ls", &format!("--path={folder}")])?) {
            total += on_disk_size(&dump(&[&format!("--path={folder}/{file}")])?).unwrap_or(0);
        }
    }
    Ok(total)
}

/// The names in a folder, as `dump.erofs --ls` lists them: NID, type and name in columns.
pub(super) fn entries(printed: &str) -> Vec<String> {
    printed
        .lines()
        .skip_while(|line| line.split_whitespace().next() != Some("NID"))
        .skip(1)
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            words.next()?.parse::<u64>().ok()?;
            words.next()?.parse::<u8>().ok()?;
            words.next().map(str::to_owned)
        })
        .filter(|name| name != "." && name != "..")
        .collect()
}

/// The number after `On-disk size:` (or `Size on-disk:`).
pub(super) fn on_disk_size(printed: &str) -> Option<u64> {
    let (_, after) = printed.split_once("On-disk size:").or_else(|| printed.split_once("Size on-disk:"))?;
    after.split_whitespace().next()?.parse().ok()
}
