//! What goes into the root beside Debian's packages, laid out as a tree.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::Order;
use super::programs::{INITRD_PROGRAMS, PROGRAMS};
use crate::board::Slots;
use crate::places::Places;
use crate::tools::{self, Tools};

/// Where the models go in the root.
const MODELS: &str = "usr/share/anya/models";
/// Where the signer list goes that the box trusts from the first boot on.
const SIGNERS: &str = "usr/lib/anya/signers/1.json";
/// What is added to the initrd, in mkosi's definition.
const INITRD: &str = "mkosi.images/initrd/mkosi.extra";

pub(super) fn lay_out(
    places: &Places,
    tools: &Tools,
    order: &Order,
    programs: &Path,
    stage: &Path,
) -> Result<()> {
    copy(&places.repository().join("image/rootfs"), stage)?;
    size_slots(&stage.join("usr/lib/anya/repart.d"), order.board.slots)?;
    if let Some(signers) = &order.signers {
        put_signers(signers, &stage.join(SIGNERS))?;
    }
    for (name, place) in PROGRAMS {
        put_program(tools, &programs.join(name), &stage.join(place))?;
    }
    put_bitcoind(places, tools, stage)?;
    for mount_point in ["data", "efi"] {
        fs::create_dir_all(stage.join(mount_point))?;
    }
    put_models(places, &order.board.software.models, &stage.join(MODELS))
}

/// The initrd's programs. The first one is also what the kernel starts when it needs a module.
pub(super) fn lay_out_initrd(tools: &Tools, programs: &Path, definition: &Path) -> Result<()> {
    let initrd = definition.join(INITRD);
    for (name, place) in INITRD_PROGRAMS {
        put_program(tools, &programs.join(name), &initrd.join(place))?;
    }
    let modprobe = initrd.join("usr/sbin/modprobe");
    fs::create_dir_all(modprobe.parent().expect("it lies in a folder"))?;
    symlink("/init", &modprobe).context("cannot lay out modprobe")
}

/// Copies a tree with its links and modes.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    tools::output(
        Command::new("cp").args(["-a", "--no-preserve=ownership"]).arg(from.join(".")).arg(to),
        "copying",
    )
    .with_context(|| format!("cannot copy {}", from.display()))
    .map(drop)
}

fn put_program(tools: &Tools, from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to.parent().expect("a program lies in a folder"))?;
    fs::copy(from, to).with_context(|| format!("cannot copy {}", from.display()))?;
    fs::set_permissions(to, fs::Permissions::from_mode(0o755))?;
    tools.output("strip", [Path::new("--strip-all"), to]).map(drop)
}

fn put_signers(list: &[u8], to: &Path) -> Result<()> {
    fs::create_dir_all(to.parent().expect("the list lies in a folder"))?;
    fs::write(to, list).context("cannot lay out the signer list")
}

/// Bitcoin Core, and the line that says where it comes from.
fn put_bitcoind(places: &Places, tools: &Tools, stage: &Path) -> Result<()> {
    let found = tools::output(
        &mut Command::new(places.repository().join("dev-tools/fetch/bitcoind")),
        "fetching Bitcoin Core",
    )?;
    let binary = PathBuf::from(found.trim());
    put_program(tools, &binary, &stage.join("usr/bin/bitcoind"))?;
    let source = binary.with_file_name("SOURCE");
    let to = stage.join("usr/lib/anya/bitcoind.SOURCE");
    fs::copy(&source, &to)
        .with_context(|| format!("{} should say where bitcoind comes from", source.display()))?;
    Ok(())
}

fn put_models(places: &Places, wanted: &[String], to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    let found = tools::output(
        &mut Command::new(places.repository().join("dev-tools/fetch/models")),
        "fetching the models",
    )?;
    let models = PathBuf::from(found.trim());
    for name in wanted {
        let from = models.join(name);
        if !from.is_dir() {
            bail!("`software.models` names {name}, and dev-tools/fetch/models does not fetch it");
        }
        copy(&from, &to.join(name))?;
    }
    Ok(())
}

/// The first boot makes slot B and the data partition; it must know the board's sizes.
fn size_slots(definitions: &Path, slots: Slots) -> Result<()> {
    for entry in fs::read_dir(definitions.join("base")).context("image/rootfs has no repart.d/base")? {
        let file = entry?.path();
        let text = fs::read_to_string(&file)?;
        let size = match text.lines().find_map(|line| line.strip_prefix("Type=")) {
            Some("root") => slots.root_mib,
            Some("root-verity") => slots.verity_mib,
            _ => continue,
        };
        let sized: Vec<String> = text
            .lines()
            .map(|line| match line.split_once('=') {
                Some((key @ ("SizeMinBytes" | "SizeMaxBytes"), _)) => format!("{key}={size}M"),
                _ => line.to_owned(),
            })
            .collect();
        fs::write(&file, sized.join("\n") + "\n")?;
    }
    Ok(())
}
