//! What runs on the box before the update: an image that was built, or the new one with other packages in it.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use image::build::Image;

use crate::debian::{self, Package};
use crate::packed::{self, Initrd, TIME, Unpacked};
use crate::{Bench, empty, word};

/// The service's program in the root.
pub(crate) const SERVICE: &str = "usr/bin/anyad";

/// A version that is older than the new one: the folder has its parts as they are released.
pub(crate) struct Older {
    folder: PathBuf,
    what: String,
    changed: Vec<String>,
}

impl Older {
    /// An image that was built from an earlier commit.
    pub(crate) fn built(bench: &Bench<'_>, new: &Unpacked, image: &Image) -> Result<Self> {
        let image = image.folder();
        let folder = packed::released(image, bench.work.join("old-service"))?;
        let before = new.tree_of(bench, &folder.join("root.raw"), bench.work.join("tree-before"))?;
        let after = new.tree(bench, bench.work.join("tree"))?;
        let changed = differences(&before, &after)?;
        let commit = |image: &Path| -> Result<String> {
            let told: serde_json::Value = serde_json::from_slice(&fs::read(image.join("manifest.json"))?)?;
            Ok(told["commit"].as_str().unwrap_or_default().chars().take(7).collect())
        };
        let commits =
            format!("from an image of commit {} to one of {}", commit(image)?, commit(bench.new.folder())?);
        let what = match changed.iter().any(|file| file == SERVICE) {
            true => format!("{commits}: {}", changed.join(", ")),
            false => {
                format!("{commits}, with the SAME service: `--older` names an image of another commit")
            }
        };
        Ok(Self { folder, what, changed })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn what(&self) -> &str {
        &self.what
    }

    pub(crate) fn changed(&self) -> &[String] {
        &self.changed
    }
}

/// Whose programs of this workspace a version has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Programs {
    /// The new version's.
    New,
    /// Those of the older image that was built, and what else differs in its root.
    Older,
}

fn older_programs(bench: &Bench<'_>, new: &Unpacked, tree: &Path) -> Result<()> {
    let image = bench.older.as_ref().context("there is no image of an earlier commit")?;
    let folder = packed::released(image.folder(), bench.work.join("older"))?;
    let before = new.tree_of(bench, &folder.join("root.raw"), bench.work.join("tree-before"))?;
    let after = new.tree(bench, bench.work.join("tree-after"))?;
    for file in differences(&before, &after)? {
        let from = before.join(&file);
        if from.is_file() {
            fs::copy(&from, tree.join(&file)).with_context(|| file.clone())?;
        }
    }
    fs::remove_dir_all(after).map_err(Into::into)
}

/// The new version with these packages as a suite has them, in root, initrd and as the kernel. What a package
/// has in one version only is passed over, but for libraries whose names differ in numbers.
pub(crate) fn with_packages(
    bench: &Bench<'_>,
    new: &Unpacked,
    name: &str,
    suite: &str,
    names: &[String],
    programs: Programs,
) -> Result<Older> {
    crate::report::progress(&format!("{name}: packages of {suite}"));
    let packages = debian::fetch(bench, suite, names)?;
    let folder = empty(bench.work.join(format!("old-{name}")))?;
    let tree = new.tree(bench, bench.work.join("tree"))?;
    let initrd = Initrd::unpack(bench.lab, &bench.new.folder().join("initrd"), bench.work.join("initrd.d"))?;
    let mut kernel = bench.new.folder().join("vmlinuz");
    for package in &packages {
        for tree in initrd.trees().iter().chain([&tree]) {
            replace(package, tree)?;
        }
        if let Some(other) = kernel_of(package)? {
            kernel = other;
        }
    }
    if programs == Programs::Older {
        older_programs(bench, new, &tree)?;
    }
    older_version(&tree.join("usr/lib/os-release"))?;
    let trees = initrd.trees();
    bench.lab.tools().output(
        "sh",
        ["-euc", "time=$1; shift; find \"$@\" -mindepth 1 -exec touch -h -d \"$time\" {} +", "sh", TIME]
            .into_iter()
            .map(str::to_owned)
            .chain(trees.iter().chain([&tree]).map(|tree| word(tree))),
    )?;
    let made = folder.join("initrd");
    initrd.pack(bench.lab, &made)?;
    // Where the tools see it.
    let made_of = folder.join("vmlinuz");
    fs::copy(&kernel, &made_of)?;
    new.pack_older(bench, &tree, &made_of, &made, &folder)?;
    let changed: Vec<String> =
        packages.iter().map(|Package { name, new, older, .. }| format!("{name} {older} -> {new}")).collect();
    let what = match &changed[..] {
        few if few.len() <= 3 => few.join(", "),
        many => {
            let own = if programs == Programs::Older { ", and the programs of the older image" } else { "" };
            format!("{} of {} packages in the versions of {suite}{own}", many.len(), names.len())
        }
    };
    Ok(Older { folder, what, changed })
}

/// Puts what a package has in the place of what a tree has of it.
fn replace(package: &Package, tree: &Path) -> Result<()> {
    let mut files = Vec::new();
    files_of(&package.files, Path::new(""), &mut files)?;
    for path in &files {
        let to = match in_tree(tree, path) {
            Some(to) => to,
            None => match renamed(tree, &package.files, path)? {
                Some(to) => to,
                None => continue,
            },
        };
        let from = package.files.join(path);
        // In its place under its new name.
        let same_name = to.file_name() == path.file_name();
        let target = if same_name || is_module(path) {
            to.clone()
        } else {
            to.with_file_name(path.file_name().context("a file has a name")?)
        };
        fs::remove_file(&to)?;
        if from.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(&from)?, &target)?;
        } else {
            fs::copy(&from, &target).with_context(|| word(&from))?;
        }
    }
    Ok(())
}

fn is_module(path: &Path) -> bool {
    path.starts_with("usr/lib/modules") || path.starts_with("lib/modules")
}

/// The same path, as far as a tree has a file there. Modules lie below their kernel's version.
fn in_tree(tree: &Path, path: &Path) -> Option<PathBuf> {
    let mut to = tree.join(path);
    if is_module(path) {
        let below: PathBuf = path.iter().skip_while(|part| *part != "modules").skip(2).collect();
        let versions = fs::read_dir(tree.join("usr/lib/modules")).ok()?;
        to = versions
            .filter_map(Result::ok)
            .map(|version| version.path().join(&below))
            .find(|to| to.exists())?;
    }
    let found = fs::symlink_metadata(&to).ok()?;
    (!found.is_dir()).then_some(to)
}

/// What a tree has in the same folder under the same name but for its numbers, and the package has not.
fn renamed(tree: &Path, package: &Path, path: &Path) -> Result<Option<PathBuf>> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return Ok(None) };
    let key = |name: &std::ffi::OsStr| -> String {
        name.to_string_lossy().chars().filter(|letter| !letter.is_ascii_digit() && *letter != '.').collect()
    };
    if !name.to_string_lossy().contains(".so") || !tree.join(folder).is_dir() {
        return Ok(None);
    }
    for entry in fs::read_dir(tree.join(folder))? {
        let found = entry?.file_name();
        if key(&found) == key(name) && fs::symlink_metadata(package.join(folder).join(&found)).is_err() {
            return Ok(Some(tree.join(folder).join(found)));
        }
    }
    Ok(None)
}

/// The kernel of a package that has one.
fn kernel_of(package: &Package) -> Result<Option<PathBuf>> {
    let boot = package.files.join("boot");
    if !boot.is_dir() {
        return Ok(None);
    }
    let mut files = fs::read_dir(boot)?.filter_map(Result::ok).map(|entry| entry.path());
    Ok(files.find(|file| file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("vmlinuz"))))
}

fn older_version(os_release: &Path) -> Result<()> {
    let text = fs::read_to_string(os_release)?;
    let lines = text.lines().map(|line| match line.split_once('=') {
        Some(("IMAGE_VERSION", _)) => "IMAGE_VERSION=\"0.0.9\"\n".to_owned(),
        _ => format!("{line}\n"),
    });
    fs::write(os_release, lines.collect::<String>()).map_err(Into::into)
}

/// The paths of all that is no folder.
fn files_of(tree: &Path, folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(tree.join(folder))? {
        let entry = entry?;
        let path = folder.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            files_of(tree, &path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// The files that one of two trees has, or that differ.
fn differences(before: &Path, after: &Path) -> Result<Vec<String>> {
    let read = |tree: &Path| -> Result<HashMap<PathBuf, Vec<u8>>> {
        let mut files = Vec::new();
        files_of(tree, Path::new(""), &mut files)?;
        let content = |path: PathBuf| -> Result<(PathBuf, Vec<u8>)> {
            let file = tree.join(&path);
            let bytes = match fs::read_link(&file) {
                Ok(to) => to.into_os_string().into_encoded_bytes(),
                Err(_) => ota_client::digest::sha256(&fs::read(&file)?).0.to_vec(),
            };
            Ok((path, bytes))
        };
        files.into_iter().map(content).collect()
    };
    let (mut before, after) = (read(before)?, read(after)?);
    let mut changed: Vec<String> = Vec::new();
    for (path, content) in after {
        if before.remove(&path).as_ref() != Some(&content) {
            changed.push(word(&path));
        }
    }
    changed.extend(before.into_keys().map(|path| word(&path)));
    changed.sort();
    Ok(changed)
}
