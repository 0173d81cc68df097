//! The tools tree: a small Debian 13 (trixie) root with mkosi, QEMU, firmware and a compiler, made once and
//! kept in the cache under the hash of what is in it.
//!
//! Programs run in it by `pivot_root` in a mount namespace of their own, not by `chroot`: a process in a
//! chroot may not make the user namespaces that mkosi wants. The program replaces the shell that sets this
//! up, so the child's process id is the program's, and its sockets and ports are this machine's.
//!
//! Needs root, or user namespaces with a range of subordinate ids for the caller.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::places::Places;

/// What the tree holds, by purpose. A change makes a new tree.
const PACKAGES: &[(&str, &str)] = &[
    (
        "build images",
        "mkosi python3-pefile systemd-repart systemd-ukify systemd-boot-efi systemd-boot-tools \
         systemd-cryptsetup libtss2-esys-3.0.2-0t64 libtss2-rc0t64 libtss2-mu-4.0.1-0t64 \
         libtss2-tcti-device0t64 erofs-utils cryptsetup-bin dosfstools mtools zstd cpio kmod e2fsprogs \
         sbsigntool openssl fdisk apt apt-utils debian-archive-keyring ca-certificates uidmap bubblewrap",
    ),
    ("run them", "qemu-system-x86 qemu-utils ovmf swtpm swtpm-tools python3-virt-firmware iproute2"),
    (
        "compile the service",
        "gcc g++ libc6-dev make cmake pkg-config libtss2-dev libsystemd-dev libssl-dev libclang-dev git",
    ),
];

/// Sets up the namespace and becomes the program.
const ENTER: &str = include_str!("tools/enter.sh");

/// A tools tree that is there.
#[derive(Clone, Debug)]
pub struct Tools {
    tree: PathBuf,
    /// Folders that appear in the tree: where from, and as what.
    binds: Vec<(PathBuf, PathBuf)>,
}

impl Tools {
    /// Finds the tree, or makes it: a minute or two, and about 1 GB.
    ///
    /// # Errors
    /// When the caller may not make namespaces, mmdebstrap is missing, or the packages cannot be had.
    pub fn ready(places: &Places) -> Result<Self> {
        check_rights()?;
        let tree = places.images().join(format!("tools-{}", digest()));
        if !tree.join(".complete").exists() {
            make(&tree).context("cannot make the tools tree")?;
        }
        let own = |folder: &Path| (folder.to_owned(), folder.to_owned());
        fs::create_dir_all(places.cache())?;
        Ok(Self { tree, binds: vec![own(places.cache()), own(places.repository())] })
    }

    /// The same tree, in which a folder of this machine appears as another one.
    #[must_use]
    pub fn with_folder(mut self, from: &Path, shown_as: &Path) -> Self {
        self.binds.push((from.to_owned(), shown_as.to_owned()));
        self
    }

    /// The root of the tree.
    #[must_use]
    pub fn tree(&self) -> &Path {
        &self.tree
    }

    /// A program of the tree, ready to take arguments. It sees the cache and the checkout at their own
    /// paths, the machine's devices and network, and a `/tmp` of its own.
    #[must_use]
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("unshare");
        if !nix::unistd::geteuid().is_root() {
            command.args(["--map-root-user", "--map-auto"]);
        }
        let binds: Vec<String> =
            self.binds.iter().map(|(from, to)| format!("{}\t{}", from.display(), to.display())).collect();
        command
            .args(["--mount", "--propagation", "private", "bash", "-euc", ENTER, "enter"])
            .arg(program)
            .env("TOOLS_TREE", &self.tree)
            .env("TOOLS_BINDS", binds.join("\n"))
            .env_remove("TMPDIR");
        command
    }

    /// Runs a program to its end, and gives what it printed.
    ///
    /// # Errors
    /// When it fails: with its name and the end of what it said.
    pub fn output<S: AsRef<OsStr>>(
        &self,
        program: &str,
        arguments: impl IntoIterator<Item = S>,
    ) -> Result<String> {
        let mut command = self.command(program);
        command.args(arguments).stdin(Stdio::null());
        output(&mut command, program)
    }
}

/// Runs a command to its end, and gives what it printed.
///
/// # Errors
/// When it fails: with `name` and the end of what it said.
pub fn output(command: &mut Command, name: &str) -> Result<String> {
    let done = command.output().with_context(|| format!("cannot start {name}"))?;
    if !done.status.success() {
        let said = [done.stdout, done.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        let lines: Vec<&str> = said.lines().collect();
        let end = lines[lines.len().saturating_sub(25)..].join("\n");
        bail!("{name} failed ({}):\n{end}", done.status);
    }
    String::from_utf8(done.stdout).with_context(|| format!("{name} printed something that is not text"))
}

/// Says which right is missing.
fn check_rights() -> Result<()> {
    if nix::unistd::geteuid().is_root() {
        return Ok(());
    }
    let works = |arguments: &[&str]| {
        Command::new("unshare").args(arguments).arg("true").output().is_ok_and(|done| done.status.success())
    };
    ensure!(
        works(&["--user", "--mount", "--map-root-user"]),
        "building an image needs root or user namespaces, and both are missing: run it as root, or allow \
         user namespaces (sysctl kernel.unprivileged_userns_clone=1, and no AppArmor rule against them)"
    );
    ensure!(
        works(&["--user", "--mount", "--map-root-user", "--map-auto"]),
        "user namespaces work, but this user has no subordinate ids: install uidmap and give it a range in \
         /etc/subuid and /etc/subgid (usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER)"
    );
    Ok(())
}

fn packages() -> Vec<&'static str> {
    PACKAGES.iter().flat_map(|(_, names)| names.split_whitespace()).collect()
}

/// Names a tree after what is in it.
fn digest() -> String {
    // FNV-1a (64 bits): a name for a folder, not a matter of trust.
    let hash = packages().join(" ").bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

fn make(tree: &Path) -> Result<()> {
    let partial = tree.with_extension("partial");
    if partial.exists() {
        remove_tree(&partial)?;
    }
    fs::create_dir_all(tree.parent().expect("the tree lies in a folder"))?;
    eprintln_progress("Making the tools tree (Debian 13 with mkosi, QEMU and a compiler): about two minutes");
    let mode = if nix::unistd::geteuid().is_root() { "--mode=root" } else { "--mode=unshare" };
    output(
        Command::new("mmdebstrap")
            .args([mode, "--variant=apt"])
            .arg(format!("--include={}", packages().join(",")))
            .args(["--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/doc/*"])
            .arg("trixie")
            .arg(&partial),
        "mmdebstrap",
    )
    .context("install mmdebstrap if it is missing; it needs a Debian mirror")?;
    fs::write(partial.join(".complete"), "")?;
    fs::rename(&partial, tree).context("cannot put the tree in its place")
}

/// Removes what a build that was cut left, and never follows a mount that it left as well.
fn remove_tree(tree: &Path) -> Result<()> {
    let device = fs::metadata(tree)?.dev();
    for folder in ["proc", "sys", "dev", "run", "tmp"] {
        let folder = tree.join(folder);
        if let Ok(found) = fs::metadata(&folder) {
            ensure!(found.dev() == device, "{} is mounted: unmount it", folder.display());
        }
    }
    fs::remove_dir_all(tree).with_context(|| format!("cannot remove {}", tree.display()))
}

/// Tells the person at the terminal what takes a while.
#[expect(clippy::print_stderr, reason = "progress of a command-line tool; its answer goes to stdout")]
pub(crate) fn eprintln_progress(what: &str) {
    eprintln!("{what}");
}
