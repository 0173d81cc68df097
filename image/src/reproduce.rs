//! Compares two images: whether two builds of the same checkout made the same, and where they first differ.
//!
//! Compared is what is signed, not the signatures: those hold the time at which they were made (PKCS#7). So
//! the kernel is compared by what its signature is over, a kernel image section by section, and the disk,
//! which holds it, by its other parts. Where root or initrd differ, they are unpacked in the tools tree and
//! the files that differ are named.

mod signed;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::inspect::uki;
use crate::tools::{self, Tools};

/// Files that must be the same byte for byte.
const FILES: &[&str] = &["roothash", "root.raw", "verity.raw", "initrd"];
/// The kernel, signed for Secure Boot.
const KERNEL: &str = "vmlinuz";
/// Kernel images.
const KERNEL_IMAGES: &[&str] = &["anya.efi", "anya-dev.efi", "anya-rescue.efi"];
/// Sections that follow from signatures: the kernel, which is compared on its own, and the signed values of
/// the PCR that measures it.
const SIGNED_SECTIONS: &[&str] = &[".linux", ".pcrsig"];
/// How many files of a tree are named.
const NAMED: usize = 20;

const UNPACK_ROOT: &str = r#"fsck.erofs --extract="$2" --no-preserve-owner "$1" >/dev/null"#;
/// An initrd is several archives, one after the other.
const UNPACK_INITRD: &str = r#"
mkdir "$2"; cd "$2"
zstd --quiet --decompress --force --stdout "$1" >../initrd.cpio 2>/dev/null || cp "$1" ../initrd.cpio
{ while cpio --extract --make-directories --quiet --unconditional 2>/dev/null; do :; done; } <../initrd.cpio
"#;
const LIST: &str = r#"
cd "$1"
find . -type d -printf '%P\td %m\n' -o -printf '%P\t%y %m %s %l\n' | LC_ALL=C sort
find . -type f -print0 | LC_ALL=C sort -z | xargs -0 -r sha256sum | sed 's/^\([0-9a-f]*\)  \.\/\(.*\)/\2\t\1/'
"#;

/// A place where two images differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The file of the image's folder.
    pub part: String,
    /// What differs: a byte, a section, or a file within.
    pub what: String,
}

/// All places where two images differ, the most telling first; empty when they are the same.
///
/// # Errors
/// When a folder is no image, or a part cannot be unpacked.
pub fn compare(tools: &Tools, a: &Path, b: &Path) -> Result<Vec<Difference>> {
    let mut differences = Vec::new();
    for &part in FILES {
        let (a, b) = (a.join(part), b.join(part));
        let Some(offset) = first_difference(&a, &b)? else { continue };
        let what = match part {
            "root.raw" => tree_difference(tools, UNPACK_ROOT, &a, &b)?,
            "initrd" => tree_difference(tools, UNPACK_INITRD, &a, &b)?,
            _ => Vec::new(),
        };
        if what.is_empty() {
            differences.push(Difference { part: part.to_owned(), what: format!("byte {offset}") });
        }
        differences.extend(what.into_iter().map(|what| Difference { part: part.to_owned(), what }));
    }
    let kernel = |folder: &Path| signed::digest(&folder.join(KERNEL));
    if kernel(a)? != kernel(b)? {
        let what = "it differs by more than its signature".to_owned();
        differences.push(Difference { part: KERNEL.to_owned(), what });
    }
    for &part in KERNEL_IMAGES {
        let (a, b) = (a.join(part), b.join(part));
        if !a.exists() && !b.exists() {
            continue;
        }
        for what in section_difference(&uki::sections(tools, &a)?, &uki::sections(tools, &b)?) {
            differences.push(Difference { part: part.to_owned(), what });
        }
    }
    Ok(differences)
}

/// The offset of the first byte that differs; where one ends, when the other goes on.
fn first_difference(a: &Path, b: &Path) -> Result<Option<u64>> {
    let open = |path: &Path| {
        File::open(path)
            .with_context(|| format!("cannot open {}: is this an image's folder?", path.display()))
    };
    let (mut a, mut b) = (open(a)?, open(b)?);
    let (mut left, mut right) = (vec![0; 1 << 17], vec![0; 1 << 17]);
    let mut offset = 0_u64;
    loop {
        let (read, other) = (fill(&mut a, &mut left)?, fill(&mut b, &mut right)?);
        let same = left[..read].iter().zip(&right[..other]).take_while(|(x, y)| x == y).count();
        offset += same as u64;
        if same < read || same < other {
            return Ok(Some(offset));
        }
        if read == 0 {
            return Ok(None);
        }
    }
}

fn fill(file: &mut File, buffer: &mut [u8]) -> Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]).context("cannot read an image")? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}

fn section_difference(a: &[uki::Section], b: &[uki::Section]) -> Vec<String> {
    let by_name = |sections: &[uki::Section]| -> BTreeMap<String, String> {
        let compared = sections.iter().filter(|section| !SIGNED_SECTIONS.contains(&section.name.as_str()));
        compared.map(|section| (section.name.clone(), section.sha256.clone())).collect()
    };
    difference(&by_name(a), &by_name(b)).map(|(name, how)| format!("section {name} {how}")).collect()
}

fn difference<'a>(
    a: &'a BTreeMap<String, String>,
    b: &'a BTreeMap<String, String>,
) -> impl Iterator<Item = (&'a str, &'static str)> {
    let first = a.iter().filter_map(|(name, what)| match b.get(name) {
        None => Some((name.as_str(), "is only in the first")),
        Some(other) if other != what => Some((name.as_str(), "differs")),
        Some(_) => None,
    });
    let second = b.keys().filter(|name| !a.contains_key(*name));
    first.chain(second.map(|name| (name.as_str(), "is only in the second")))
}

/// Which files of two archives differ. Nothing when all are the same: then it is the archive's own order,
/// times or packing.
fn tree_difference(tools: &Tools, unpack: &str, a: &Path, b: &Path) -> Result<Vec<String>> {
    let work = tempfile::tempdir().context("cannot make a temporary folder")?;
    let mut tools = tools.clone().with_folder(work.path(), Path::new("/mnt"));
    let mut listings = Vec::new();
    for (side, file) in [("a", a), ("b", b)] {
        let shown = Path::new("/srv").join(side);
        let folder = file.parent().context("a part lies in a folder")?;
        let folder = fs::canonicalize(folder)?;
        tools = tools.with_folder(&folder, &shown);
        let name = file.file_name().context("a part is a file")?;
        fs::create_dir(work.path().join(side))?;
        let tree = Path::new("/mnt").join(side).join("tree");
        let mut command = tools.command("bash");
        command.args(["-euc", unpack, "unpack"]).arg(shown.join(name)).arg(&tree);
        tools::output(&mut command, "unpacking")
            .with_context(|| format!("cannot unpack {}", file.display()))?;
        let mut command = tools.command("bash");
        command.args(["-euc", LIST, "list"]).arg(&tree);
        listings.push(listing(&tools::output(&mut command, "listing the files")?));
    }
    let found: Vec<String> =
        difference(&listings[0], &listings[1]).map(|(path, how)| format!("/{path} {how}")).collect();
    Ok(shortened(found))
}

/// One entry a path: what `find` says of it, and its hash where it is a file.
fn listing(printed: &str) -> BTreeMap<String, String> {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    for (path, what) in printed.lines().filter_map(|line| line.split_once('\t')) {
        let entry = files.entry(path.to_owned()).or_default();
        entry.push_str(what);
        entry.push(' ');
    }
    files
}

fn shortened(mut found: Vec<String>) -> Vec<String> {
    let more = found.len().saturating_sub(NAMED);
    if more > 0 {
        found.truncate(NAMED);
        found.push(format!("and {more} more"));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(a: &[u8], b: &[u8]) -> Option<u64> {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (folder.path().join("a"), folder.path().join("b"));
        fs::write(&first, a).unwrap();
        fs::write(&second, b).unwrap();
        first_difference(&first, &second).unwrap()
    }

    #[test]
    fn the_first_byte_that_differs_is_told() {
        let long = vec![7; 300_000];
        let mut other = long.clone();
        assert_eq!(files(&long, &other), None);
        other[200_001] = 8;
        assert_eq!(files(&long, &other), Some(200_001));
        assert_eq!(files(&long, &long[..131_072]), Some(131_072));
        assert_eq!(files(b"", b"x"), Some(0));
        assert_eq!(files(b"", b""), None);
    }

    #[test]
    fn files_of_a_tree_are_told_by_name() {
        let a = listing("etc\td 755\netc/a\tf 644 1 \netc/l\tl 777 3 ../x\ngone\tf 644 0 \netc/a\taaaa\n");
        let b = listing("etc\td 755\netc/a\tf 644 1 \netc/l\tl 777 3 ../y\nnew\tf 644 0 \netc/a\tbbbb\n");
        let told: Vec<_> = difference(&a, &b).collect();
        assert_eq!(
            told,
            [
                ("etc/a", "differs"),
                ("etc/l", "differs"),
                ("gone", "is only in the first"),
                ("new", "is only in the second")
            ]
        );
        assert_eq!(difference(&a, &a).count(), 0);
    }

    #[test]
    fn a_long_list_is_cut() {
        let found = shortened((0..25).map(|number| number.to_string()).collect());
        assert_eq!((found.len(), found.last().unwrap().as_str()), (21, "and 5 more"));
    }

    #[test]
    fn a_folder_that_is_no_image_is_told() {
        let error = first_difference(Path::new("/nonexistent/roothash"), Path::new("/x")).unwrap_err();
        assert!(error.to_string().contains("is this an image's folder?"), "{error}");
    }
}
