//! The EFI system partition of a disk that is a file: its first partition.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::tools::Tools;

/// Puts a kernel image in the place of the one on the disk (raw).
///
/// # Errors
/// When the disk has no ESP, or that does not hold just one kernel image.
pub fn replace_uki(tools: &Tools, disk: &Path, uki: &Path) -> Result<()> {
    let table = tools.output("sfdisk", [Path::new("--json"), disk])?;
    let table: serde_json::Value = serde_json::from_str(&table)?;
    let start = table["partitiontable"]["partitions"][0]["start"].as_u64().context("the disk has no ESP")?;
    let esp = format!("{}@@{}", disk.display(), start * 512);
    let listed = tools.output("mdir", ["-i", &esp, "-b", "::/EFI/Linux"])?;
    let old: Vec<&str> = listed.lines().filter(|line| line.ends_with(".efi")).collect();
    ensure!(old.len() == 1, "the ESP should hold one kernel image: {old:?}");
    tools.output("mdel", ["-i", &esp, old[0]])?;
    tools.output("mcopy", ["-i", &esp, &uki.to_string_lossy(), old[0]]).map(drop)
}
