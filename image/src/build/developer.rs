//! The developer's kernel image: the same kernel, initrd and root as the release's, with another signed
//! command line. So what a test boots is the root that people get, byte for byte.

use std::fs;
use std::path::Path;

use anyhow::Result;

use super::Order;
use super::definition::command_line;
use crate::esp;
use crate::sign::{Data, Parts, make_uki};
use crate::tools::Tools;

/// What a developer's command line says beyond the common words: credentials from outside, and a root
/// shell on the serial port.
pub const DEVELOPER_WORDS: &[&str] = &["systemd.import_credentials=yes", "systemd.debug_shell=ttyS0"];

/// Adds `anya-dev.efi` and `disk-dev.raw` to a finished image. Only with keys for tests: a root shell that
/// real boxes trust must not exist.
pub(super) fn add(tools: &Tools, order: &Order, out: &Path) -> Result<()> {
    if !order.keys.are_for_tests() {
        return Ok(());
    }
    let root_hash = fs::read_to_string(out.join("roothash"))?;
    let mut words = command_line(&order.board);
    words.extend(DEVELOPER_WORDS.iter().map(|&word| word.to_owned()));
    words.push(format!("roothash={}", root_hash.trim()));
    let uki = out.join("anya-dev.efi");
    make_uki(
        tools,
        &order.keys,
        &Parts {
            kernel: &out.join("vmlinuz"),
            initrd: &out.join("initrd"),
            command_line: &words.join(" "),
            os_release: &out.join("os-release"),
            data: Data::Opens,
        },
        &uki,
    )?;
    let disk = out.join("disk-dev.raw");
    copy_sparse(tools, &out.join("disk.raw"), &disk)?;
    esp::replace_uki(tools, &disk, &uki)
}

fn copy_sparse(tools: &Tools, from: &Path, to: &Path) -> Result<()> {
    tools.output("cp", [Path::new("--sparse=always"), from, to]).map(drop)
}
