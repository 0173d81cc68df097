//! mkosi's definition: the one of the checkout, and what depends on board, version, keys and time.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::{Order, Work};
use crate::board::{Board, Feature};
use crate::lock::Mirror;
use crate::places::Places;
use crate::tools;

/// Debian's packages for Vulkan.
const VULKAN: &[&str] = &["libvulkan1", "mesa-vulkan-drivers"];
/// What only the release's command line says: nobody outside hands in credentials.
const RELEASE_WORDS: &[&str] = &["systemd.import_credentials=no"];

pub(super) fn write(places: &Places, order: &Order, work: &Work) -> Result<()> {
    let to = &work.definition;
    let from = places.repository().join("image/mkosi");
    tools::output(Command::new("cp").arg("-a").arg(from.join(".")).arg(to), "copying mkosi's definition")?;
    put(&to.join("mkosi.conf.d/50-board.conf"), &board_conf(order, work))?;
    let slots = order.board.slots;
    put(&to.join("mkosi.repart/00-esp.conf"), &esp(slots.esp_mib))?;
    put(&to.join("mkosi.repart/10-root.conf"), &root(slots.root_mib))?;
    put(&to.join("mkosi.repart/11-verity.conf"), &verity(slots.verity_mib))?;
    let extra = to.join("mkosi.extra");
    put(&extra.join("usr/lib/anya/board"), &format!("{}\n", order.board.name))?;
    if work.packages.is_none() {
        newest_packages(order, &to.join("sandbox"))?;
    }
    fs::create_dir_all(to.join("sandbox")).context("cannot make the sandbox's folder")
}

fn put(file: &Path, text: &str) -> Result<()> {
    fs::create_dir_all(file.parent().expect("a file lies in a folder"))?;
    fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}

fn board_conf(order: &Order, work: &Work) -> String {
    let board = &order.board;
    let keys = &order.keys;
    let mut conf = String::new();
    if let Some(repository) = &work.packages {
        // mkosi's own cache is named after `Mirror=`, not after `LocalMirror=`.
        let address = format!("file://{}", repository.display());
        let _ = writeln!(conf, "[Distribution]\nMirror={address}\nLocalMirror={address}\n");
    }
    let _ = writeln!(conf, "[Content]");
    list(&mut conf, "KernelCommandLine", command_line(board).iter().chain(own(RELEASE_WORDS).iter()));
    list(&mut conf, "KernelModulesInclude", board.kernel.modules.iter().chain(&board.kernel.initrd_modules));
    list(&mut conf, "KernelModulesInitrdInclude", &board.kernel.initrd_modules);
    list(&mut conf, "Packages", &packages(board));
    list(&mut conf, "RemoveFiles", &board.software.leave_out);
    let _ = writeln!(conf, "ExtraTrees={}", work.stage.display());
    let _ = writeln!(conf, "\n[Build]\nSandboxTrees={}", work.definition.join("sandbox").display());
    let _ = writeln!(conf, "\n[Validation]");
    let _ = writeln!(conf, "SecureBootKey={}", keys.secure_boot_key().display());
    let _ = writeln!(conf, "SecureBootCertificate={}", keys.secure_boot_certificate().display());
    let _ = writeln!(conf, "SignExpectedPcrKey={}", keys.pcr_key().display());
    let _ = writeln!(conf, "SignExpectedPcrCertificate={}", keys.pcr_certificate().display());
    conf
}

/// The words of the kernel's command line that every profile has.
pub(super) fn command_line(board: &Board) -> Vec<String> {
    let console = &board.console;
    // The last one is /dev/console, where the kernel's last words go.
    let mut words = vec![format!("console={}", console.screen), format!("console={}", console.serial)];
    words.extend(board.kernel.command_line.iter().cloned());
    words
}

/// Every Debian package that the board asks for by name, beyond those of mkosi.conf.
pub(crate) fn packages(board: &Board) -> Vec<String> {
    let mut packages = vec![board.kernel.package.clone()];
    if board.has(Feature::Vulkan) {
        packages.extend(own(VULKAN));
    }
    packages.extend(board.software.packages.iter().cloned());
    packages
}

fn own(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

/// Adds to a list. An empty one would be an order to forget what was in it before.
fn list<'a>(conf: &mut String, key: &str, values: impl IntoIterator<Item = &'a String>) {
    let mut values = values.into_iter().peekable();
    if values.peek().is_some() {
        let _ = writeln!(conf, "{key}=");
    }
    for value in values {
        let _ = writeln!(conf, "        {value}");
    }
}

/// The time that every file of the image carries: that of the commit, so that two builds are the same.
pub(super) fn epoch(places: &Places) -> Result<u64> {
    let said = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(set) => set,
        Err(_) => tools::output(
            Command::new("git").args(["log", "-1", "--format=%ct"]).current_dir(places.repository()),
            "git log",
        )
        .context("the time of the commit is not known: set SOURCE_DATE_EPOCH (seconds since 1970)")?,
    };
    said.trim().parse().context("SOURCE_DATE_EPOCH is no number of seconds")
}

/// Has mkosi take what the mirror has now.
fn newest_packages(order: &Order, sandbox: &Path) -> Result<()> {
    let mut components = vec!["main".to_owned()];
    components.extend(order.board.software.components.iter().cloned());
    let mirror = Mirror::of_this_machine()?;
    put(
        &sandbox.join("etc/apt/sources.list.d/mkosi.sources"),
        &format!(
            "Types: deb\nURIs: {}\nSuites: trixie trixie-updates\nComponents: {}\n\
             Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n",
            mirror.debian,
            components.join(" ")
        ),
    )
}

fn esp(mib: u32) -> String {
    format!(
        "[Partition]\nType=esp\nLabel=esp\nFormat=vfat\nCopyFiles=/efi:/\nCopyFiles=/boot:/\n\
         SizeMinBytes={mib}M\nSizeMaxBytes={mib}M\n"
    )
}

fn root(mib: u32) -> String {
    format!(
        "[Partition]\nType=root\nLabel=%M_%A\nFormat=erofs\nCompression=lz4hc\nCopyFiles=/\n\
         ExcludeFiles=/efi/ /boot/\nVerity=data\nVerityMatchKey=root\nVerityDataBlockSizeBytes=4096\n\
         VerityHashBlockSizeBytes=4096\nSizeMinBytes={mib}M\nSizeMaxBytes={mib}M\nSplitName=root\n"
    )
}

fn verity(mib: u32) -> String {
    format!(
        "[Partition]\nType=root-verity\nLabel=%M_%A\nVerity=hash\nVerityMatchKey=root\n\
         VerityDataBlockSizeBytes=4096\nVerityHashBlockSizeBytes=4096\nSizeMinBytes={mib}M\n\
         SizeMaxBytes={mib}M\nSplitName=verity\n"
    )
}

#[cfg(test)]
mod tests {
    use super::list;

    #[test]
    fn an_empty_list_leaves_alone_what_was_there() {
        let mut conf = String::new();
        list(&mut conf, "RemoveFiles", &[]);
        assert_eq!(conf, "");
        list(&mut conf, "RemoveFiles", &["/usr/share/doc".to_owned()]);
        assert_eq!(conf, "RemoveFiles=\n        /usr/share/doc\n");
    }
}
