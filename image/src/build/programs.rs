//! The programs of this workspace, compiled for the image.
//!
//! They are compiled inside the tools tree, against the libraries that the image has, at paths that are
//! the same on every machine: the checkout appears as `/build/anya`, cargo's folder as `/build/cargo`. So
//! two machines make the same bytes, and nothing of a machine shows in them.
//!
//! What was compiled is kept for the next build, and taken as it is by whoever builds from the same content. Else cargo
//! looks at what changed. It knows that by the time of a file, and all checkouts appear at the same path: so another
//! checkout than the last one's compiles this workspace's crates anew, and keeps those of others.

mod crates;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::places::Places;
use crate::tools::{self, Tools, eprintln_progress};

/// Which programs, and where they go in the root.
pub(super) const PROGRAMS: &[(&str, &str)] = &[
    ("anyad", "usr/bin/anyad"),
    ("anya", "usr/bin/anya"),
    ("anya-data", "usr/lib/anya/anya-data"),
    ("anya-slots", "usr/lib/anya/anya-slots"),
];
/// Those that go into the initrd.
pub(super) const INITRD_PROGRAMS: &[(&str, &str)] =
    &[("anya-initrd", "init"), ("anya-rescue", "usr/lib/anya/anya-rescue")];

const CHECKOUT: &str = "/build/anya";
const CARGO: &str = "/build/cargo";
const RUST: &str = "/build/rust";
const TARGET: &str = "/build/target";

/// Compiles the programs; gives the folder that holds them.
pub(super) fn compile(places: &Places, tools: &Tools) -> Result<PathBuf> {
    let cargo = |arguments: &[&str]| {
        let mut cargo = Command::new("cargo");
        cargo.args(arguments).current_dir(places.repository());
        cargo
    };
    tools::output(&mut cargo(&["fetch", "--locked", "--quiet"]), "cargo fetch")?;
    let sysroot = tools::output(
        Command::new("rustc").args(["--print", "sysroot"]).current_dir(places.repository()),
        "rustc",
    )?;
    let target = places.images().join("target");
    let made = target.join("release");
    fs::create_dir_all(&target)?;
    let metadata =
        tools::output(&mut cargo(&["metadata", "--no-deps", "--format-version=1"]), "cargo metadata")?;
    let crates = crates::read(&metadata)?;
    let programs: Vec<_> = PROGRAMS.iter().chain(INITRD_PROGRAMS).map(|(program, _)| *program).collect();
    let content = crates::content(places, tools, &crates, &programs)?;
    let stamp = target.join("content");
    if fs::read_to_string(&stamp).ok().as_deref() == Some(&content) {
        return Ok(made);
    }
    // Nobody's, until it is made.
    fs::write(&stamp, "")?;
    let tools = tools
        .clone()
        .with_folder(places.repository(), Path::new(CHECKOUT))
        .with_folder(&cargo_home()?, Path::new(CARGO))
        .with_folder(Path::new(sysroot.trim()), Path::new(RUST))
        .with_folder(&target, Path::new(TARGET));
    let last = target.join("checkout");
    let checkout = places.repository().display().to_string();
    if fs::read_to_string(&last).ok().as_deref() != Some(&checkout) {
        forget(&tools, &crates)?;
        fs::write(&last, checkout)?;
    }
    eprintln_progress("Compiling the service for the image: minutes the first time");
    let mut build = inside(&tools, "build");
    for program in programs {
        build.args(["--package", program]);
    }
    tools::output(&mut build, "compiling the service")?;
    fs::write(&stamp, content)?;
    Ok(made)
}

/// A command of cargo on the checkout, inside the tools tree.
fn inside(tools: &Tools, command: &str) -> Command {
    let mut cargo = tools.command("sh");
    cargo
        .args(["-c", "cd \"$1\" && shift && exec \"$@\"", "sh", CHECKOUT])
        .arg(format!("{RUST}/bin/cargo"))
        .args([command, "--release", "--locked", "--offline"])
        .env("RUSTC", format!("{RUST}/bin/rustc"))
        .env("CARGO_HOME", CARGO)
        .env("CARGO_TARGET_DIR", TARGET)
        .env("CARGO_TERM_COLOR", "never")
        .env_remove("RUSTFLAGS")
        .env_remove("RUSTC_WRAPPER")
        .env_remove("RUSTUP_TOOLCHAIN");
    cargo
}

/// Removes what was compiled of these crates.
fn forget(tools: &Tools, crates: &[crates::Crate]) -> Result<()> {
    let mut clean = inside(tools, "clean");
    for named in crates {
        clean.args(["--package", &named.name]);
    }
    tools::output(&mut clean, "removing what another checkout compiled").map(drop)
}

fn cargo_home() -> Result<PathBuf> {
    match std::env::var_os("CARGO_HOME").filter(|set| !set.is_empty()) {
        Some(home) => Ok(home.into()),
        None => Ok(PathBuf::from(std::env::var_os("HOME").context("HOME is not set")?).join(".cargo")),
    }
}
