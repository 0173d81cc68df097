//! Another version of an image, without building one: the same root, which says another version of itself.
//!
//! `IMAGE_VERSION` stands once in the root, in a file so short that erofs keeps it as it is. It is written over with
//! one of the same length, and the verity tree is made anew, as it is when an image is built.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use image::build::Image;

use crate::lab::{Lab, run};

/// The files of a version that its kernel image is made for.
pub(crate) const FILES: [&str; 3] = ["root.raw", "verity.raw", "roothash"];

/// Makes root, verity tree and root hash of a version (as the loader has it) in a folder.
///
/// # Errors
/// When the version has another length than the image's, or the root does not say its version just once.
pub(crate) fn make(lab: &Lab, image: &Image, version: &str, folder: &Path) -> Result<()> {
    let [root, verity, root_hash] = FILES.map(|file| folder.join(file));
    let mut copy = lab.command("cp");
    copy.args(["--sparse=always", "--reflink=auto"]).arg(image.folder().join(FILES[0])).arg(&root);
    run(&mut copy, "cp")?;
    write_version(&root, version)?;

    let old = File::open(image.folder().join(FILES[1]))?;
    let tree = Superblock::read(&old)?;
    let mut format = lab.command("veritysetup");
    format.arg("format").args(tree.arguments()).args([&root, &verity]);
    let told = run(&mut format, "veritysetup")?;
    let hash = told.lines().find_map(|line| line.strip_prefix("Root hash:")).context("no root hash")?;
    fs::write(root_hash, hash.trim())?;
    // As long as the slot's partition, as that of an image.
    Ok(File::options().write(true).open(&verity)?.set_len(old.metadata()?.len())?)
}

fn write_version(root: &Path, version: &str) -> Result<()> {
    const KEY: &[u8] = b"IMAGE_VERSION=\"";
    let content = fs::read(root)?;
    // Behind the names of a folder mkfs.erofs leaves what its buffer held before, such as this line's beginning.
    let whole =
        |at: usize| content[at + KEY.len()..].iter().position(|byte| *byte == b'"') == Some(version.len());
    let places = content.windows(KEY.len()).enumerate().filter(|(_, bytes)| *bytes == KEY);
    let mut places = places.map(|(at, _)| at).filter(|at| whole(*at));
    let at =
        places.next().with_context(|| format!("the root says no version that is as long as {version}"))?;
    ensure!(places.next().is_none(), "the root says its version twice");
    File::options().write(true).open(root)?.write_all_at(version.as_bytes(), (at + KEY.len()) as u64)?;
    Ok(())
}

/// What the beginning of a verity tree says (cryptsetup, wiki/DMVerity, "verity superblock").
struct Superblock {
    uuid: String,
    data_blocks: u64,
    salt: String,
}

impl Superblock {
    fn read(tree: &File) -> Result<Self> {
        let mut bytes = [0; 512];
        tree.read_exact_at(&mut bytes, 0)?;
        ensure!(bytes.starts_with(b"verity\0\0"), "no verity tree");
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let salt = usize::from(u16::from_le_bytes([bytes[80], bytes[81]]));
        Ok(Self {
            uuid: hex(&bytes[16..32]),
            data_blocks: u64::from_le_bytes(bytes[72..80].try_into().expect("eight bytes")),
            salt: hex(bytes.get(88..88 + salt).context("a salt that is too long")?),
        })
    }

    fn arguments(&self) -> Vec<String> {
        let uuid = &self.uuid;
        let uuid = [&uuid[..8], &uuid[8..12], &uuid[12..16], &uuid[16..20], &uuid[20..]].join("-");
        vec![
            format!("--uuid={uuid}"),
            format!("--salt={}", self.salt),
            format!("--data-blocks={}", self.data_blocks),
            "--data-block-size=4096".into(),
            "--hash-block-size=4096".into(),
        ]
    }
}
