//! The rescue system: what the boot loader starts when no slot has a try left (`ota_core::slots`).
//!
//! It is the same kernel and initrd under another signed command line, which has `anya-initrd` start
//! `anya-rescue` in place of waiting for a root. Its entry has no counter, and its sort key comes behind that
//! of the slots. It is signed for Secure Boot, and no PCR values are signed for it: it never opens the data.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use ota_core::slots::entry::{RESCUE, RESCUE_IMAGE_ID};

use super::Order;
use super::definition::command_line;
use crate::esp::Esp;
use crate::sign::{Data, Parts, make_uki};
use crate::tools::Tools;

/// Words about a root and its systemd, which the rescue system has none of.
const ROOT_WORDS: &[&str] = &["ro", "rootfstype=", "systemd."];
/// What only its command line says.
const RESCUE_WORDS: &[&str] = &["anya.rescue"];

/// Makes `anya-rescue.efi` and puts it on the finished disk, with room beside it for the entries of later versions.
pub(super) fn add(tools: &Tools, order: &Order, out: &Path) -> Result<()> {
    let os_release = out.join("rescue-os-release");
    fs::write(&os_release, text_of_os_release(&order.version)).context("cannot write its os-release")?;
    let uki = out.join(RESCUE);
    make_uki(
        tools,
        &order.keys,
        &Parts {
            kernel: &out.join("vmlinuz"),
            initrd: &out.join("initrd"),
            command_line: &words(&command_line(&order.board)).join(" "),
            os_release: &os_release,
            data: Data::Closed,
        },
        &uki,
    )
    .context("the rescue system")?;
    fs::remove_file(os_release)?;
    let disk = out.join("disk.raw");
    let esp = Esp::open(tools, &disk)?;
    esp.put(RESCUE, &uki).context("no room for the rescue system")?;
    let empty = out.join("empty");
    fs::write(&empty, "")?;
    esp.give_room(&empty).context("no room for more entries")?;
    fs::remove_file(empty).context("cannot remove an empty file")
}

/// os-release(5): the boot loader takes title, sort key and version from it.
fn text_of_os_release(version: &str) -> String {
    format!(
        "NAME=\"Anya Box\"\nPRETTY_NAME=\"Anya Box, rescue system\"\nID=anya\nIMAGE_ID={RESCUE_IMAGE_ID}\n\
         IMAGE_VERSION={version}\n"
    )
}

fn words(of_slots: &[String]) -> Vec<String> {
    let about_root = |word: &String| {
        ROOT_WORDS
            .iter()
            .any(|one| if one.ends_with(['=', '.']) { word.starts_with(one) } else { word == one })
    };
    let kept = of_slots.iter().filter(|word| !about_root(word)).cloned();
    kept.chain(RESCUE_WORDS.iter().map(|&word| word.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn it_has_the_consoles_of_the_slots_and_nothing_of_a_root() {
        let of_slots = ["console=tty0", "rootfstype=erofs", "ro", "systemd.verity=no", "panic=5"];
        assert_eq!(words(&of_slots.map(str::to_owned)).join(" "), "console=tty0 panic=5 anya.rescue");
    }

    #[test]
    fn buildroots_scripts_make_the_same_rescue_system() {
        let boards = Path::new(env!("CARGO_MANIFEST_DIR")).join("buildroot-external/board");
        let of_slots = "console=tty0 rootfstype=erofs ro rodata=on systemd.verity=no panic=5";
        let script = format!(
            "set -euo pipefail; . {}; without_root_words <<<'{of_slots}'",
            boards.join("shared/slots.sh").display()
        );
        let ran = Command::new("bash").args(["-c", &script]).output().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        let theirs = format!("{} anya.rescue", String::from_utf8(ran.stdout).unwrap().trim());
        let of_slots: Vec<_> = of_slots.split(' ').map(str::to_owned).collect();
        assert_eq!(theirs, words(&of_slots).join(" "));

        let post_image = fs::read_to_string(boards.join("qemu_x86_64/post-image.sh")).unwrap();
        assert!(post_image.contains(&RESCUE_WORDS.join(" ")));
        let os_release = text_of_os_release("0.1.0");
        for line in os_release.lines().filter(|line| !line.starts_with("IMAGE_VERSION=")) {
            assert!(post_image.lines().any(|theirs| theirs == line), "{line} is not in post-image.sh");
        }
    }
}
