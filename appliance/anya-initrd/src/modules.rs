//! The kernel's modules: by name, or by an alias such as the kernel tells of a device (depmod(8)).
//!
//! The lists are those of the root, whose modules are more than the initrd has: what is not here is passed over. A
//! kernel that is built with all that it needs has no lists.
//! The kernel unpacks modules by itself (`CONFIG_MODULE_DECOMPRESS`).

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use glob::Pattern;
use nix::errno::Errno;
use nix::kmod::{ModuleInitFlags, finit_module};
use nix::sys::utsname::uname;

use crate::console::{Level, say};

/// `MODULE_INIT_COMPRESSED_FILE` of the kernel's `include/uapi/linux/module.h`.
const COMPRESSED: ModuleInitFlags = ModuleInitFlags::from_bits_retain(4);

/// The modules of a kernel.
#[derive(Clone)]
pub(crate) struct Modules {
    folder: PathBuf,
    /// A module's file, and the files of those that it needs, as `modules.dep` has them: the nearest first.
    files: BTreeMap<String, Vec<String>>,
    aliases: Vec<(Pattern, String)>,
    done: BTreeSet<String>,
}

impl Modules {
    /// Those of the running kernel.
    ///
    /// # Errors
    /// Their lists cannot be read.
    pub(crate) fn of_kernel() -> Result<Self> {
        let release = uname().context("cannot ask the kernel for its version")?;
        Self::read(Path::new("/usr/lib/modules").join(release.release()))
    }

    fn read(folder: PathBuf) -> Result<Self> {
        let list = |name: &str| match fs::read_to_string(folder.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
            read => read.with_context(|| format!("cannot read the list {name}")),
        };
        let mut files = BTreeMap::new();
        for line in list("modules.dep")?.lines() {
            let Some((file, needs)) = line.split_once(':') else { continue };
            if folder.join(file).exists() {
                let all = std::iter::once(file).chain(needs.split_ascii_whitespace());
                files.insert(name_of(file), all.map(str::to_owned).collect());
            }
        }
        let mut aliases = Vec::new();
        for line in list("modules.alias")?.lines() {
            let mut words = line.split_ascii_whitespace();
            let (Some("alias"), Some(alias), Some(name)) = (words.next(), words.next(), words.next()) else {
                continue;
            };
            // Two stars in a row mean no more than one, and are no pattern of this library.
            if files.contains_key(&normal(name))
                && let Ok(pattern) = Pattern::new(&alias.replace("**", "*"))
            {
                aliases.push((pattern, normal(name)));
            }
        }
        Ok(Self { folder, files, aliases, done: BTreeSet::new() })
    }

    /// Loads the module of this name, or all that have this alias, with what they need. Whether there was one.
    pub(crate) fn load(&mut self, wanted: &str) -> bool {
        let names = self.named(wanted);
        for name in &names {
            self.load_with_needs(name);
        }
        !names.is_empty()
    }

    fn named(&self, wanted: &str) -> Vec<String> {
        let name = normal(wanted);
        if self.files.contains_key(&name) {
            return vec![name];
        }
        let fitting = self.aliases.iter().filter(|(pattern, _)| pattern.matches(wanted));
        fitting.map(|(_, name)| name.clone()).collect()
    }

    fn load_with_needs(&mut self, name: &str) {
        for file in self.files.get(name).into_iter().flatten().rev() {
            if self.done.insert(file.clone())
                && let Err(error) = insert(&self.folder.join(file))
            {
                say(Level::Info, &format!("the module {} was not loaded: {error}", name_of(file)));
            }
        }
    }
}

/// Has the kernel load a module. One that is there already, also as part of the kernel, is no error.
fn insert(file: &Path) -> Result<(), String> {
    let opened = File::open(file).map_err(|error| error.to_string())?;
    let packed = file.extension().is_some_and(|ending| ending != "ko");
    let flags = if packed { COMPRESSED } else { ModuleInitFlags::empty() };
    match finit_module(&opened, c"", flags) {
        Ok(()) | Err(Errno::EEXIST) => Ok(()),
        Err(error) => Err(error.desc().to_owned()),
    }
}

/// The name of a module's file: without folder and endings.
fn name_of(file: &str) -> String {
    let name = file.rsplit('/').next().unwrap_or(file);
    normal(name.split_once('.').map_or(name, |(name, _)| name))
}

/// In names of modules there is no difference between `-` and `_`.
fn normal(name: &str) -> String {
    name.replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn modules() -> (tempfile::TempDir, Modules) {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        for name in ["md/dm-mod", "md/dm-bufio", "md/dm-verity", "block/virtio_blk", "virtio/virtio_pci"] {
            put(&format!("kernel/drivers/{name}.ko.xz"), "");
        }
        put(
            "modules.dep",
            "kernel/drivers/md/dm-mod.ko.xz:\n\
             kernel/drivers/md/dm-bufio.ko.xz: kernel/drivers/md/dm-mod.ko.xz\n\
             kernel/drivers/md/dm-verity.ko.xz: kernel/drivers/md/dm-bufio.ko.xz kernel/drivers/md/dm-mod.ko.xz\n\
             kernel/drivers/block/virtio_blk.ko.xz:\n\
             kernel/drivers/virtio/virtio_pci.ko.xz:\n\
             kernel/drivers/net/e1000.ko.xz:\n",
        );
        put(
            "modules.alias",
            "# Aliases extracted from modules themselves.\n\
             alias virtio:d00000002v* virtio_blk\n\
             alias pci:v00001AF4d*sv*sd*bc*sc*i* virtio_pci\n\
             alias pci:v00008086d0000100[E-F]sv*sd*bc*sc*i* e1000\n\
             alias dm-verity-target dm-verity\n",
        );
        let modules = Modules::read(folder.path().to_owned()).unwrap();
        (folder, modules)
    }

    #[test]
    fn they_are_found_by_name_and_by_what_the_kernel_tells_of_a_device() {
        let (_folder, modules) = modules();
        for (wanted, found) in [
            ("dm-verity", Some("dm_verity")),
            ("dm_verity", Some("dm_verity")),
            ("dm-verity-target", Some("dm_verity")),
            ("virtio:d00000002v00001AF4", Some("virtio_blk")),
            ("pci:v00001AF4d00001042sv00001AF4sd00001100bc01sc00i00", Some("virtio_pci")),
            // In the root, and not in the initrd.
            ("pci:v00008086d0000100Esv00001AF4sd00001100bc02sc00i00", None),
            ("virtio:d00000003v00001AF4", None),
            ("", None),
        ] {
            assert_eq!(modules.named(wanted), Vec::from_iter(found.map(str::to_owned)), "{wanted}");
        }
    }

    #[test]
    fn a_kernel_without_modules_has_no_lists() {
        let folder = tempfile::tempdir().unwrap();
        let mut modules = Modules::read(folder.path().join("6.18.7")).unwrap();
        assert!(!modules.load("dm-verity"));
    }

    #[test]
    fn what_a_module_needs_is_loaded_before_it_and_nothing_twice() {
        let (folder, mut modules) = modules();
        assert!(modules.load("dm-verity") && !modules.load("e1000"));
        let order: Vec<_> = modules.files["dm_verity"].iter().rev().map(|file| name_of(file)).collect();
        assert_eq!(order, ["dm_mod", "dm_bufio", "dm_verity"]);
        assert_eq!(modules.done.len(), 3);
        // The kernel of a test takes no such module, and says so.
        assert!(insert(&folder.path().join("kernel/drivers/md/dm-mod.ko.xz")).is_err());
    }
}
