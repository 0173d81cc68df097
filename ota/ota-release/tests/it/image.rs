//! A small image, as the `image` tool would leave it: root, verity tree, kernel image, root hash, manifest.

use std::fs;
use std::path::{Path, PathBuf};

use ota_client::digest::sha256;
use ota_client::fat;
use tempfile::TempDir;

pub(crate) const BOARD: &str = "qemu-x86_64";
const BLOCK: usize = 4096;
const SALT: [u8; 32] = [0x5a; 32];

/// What an image consists of. Tests spoil one of them.
#[derive(Clone)]
pub(crate) struct Image {
    pub(crate) board: String,
    pub(crate) version: String,
    pub(crate) root: Vec<u8>,
    /// The root hash that the kernel image names, when it is another than the root's.
    pub(crate) kernel_starts: Option<String>,
    /// The version that the kernel image has, when it is another than the image's.
    pub(crate) kernel_version: Option<String>,
    /// Whether it is of a board that starts by `tryboot`.
    pub(crate) tryboot: bool,
}

impl Image {
    /// An image of this version with a root of 3 MiB that looks random and is always the same.
    pub(crate) fn of(version: &str) -> Self {
        let version = version.replacen('-', "~", 1);
        let root = noise(3 << 20, 1);
        Self {
            board: BOARD.to_owned(),
            version,
            root,
            kernel_starts: None,
            kernel_version: None,
            tryboot: false,
        }
    }

    /// The same root but for 64 KiB in its middle.
    pub(crate) fn changed(mut self) -> Self {
        let middle = self.root.len() / 2;
        self.root[middle..middle + (64 << 10)].copy_from_slice(&noise(64 << 10, 2));
        self
    }

    /// Writes it into a folder.
    pub(crate) fn write(&self) -> Written {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, content: &[u8]| fs::write(folder.path().join(name), content).unwrap();
        let (tree, root_hash) = verity_tree(&self.root);
        let started = self.kernel_starts.as_ref().unwrap_or(&root_hash);
        let kernel_version = self.kernel_version.as_ref().unwrap_or(&self.version);
        // As long as their partitions are.
        put("root.raw", &padded(&self.root, 256 << 10));
        put("verity.raw", &padded(&tree, 64 << 10));
        put("roothash", format!("{root_hash}\n").as_bytes());
        if self.tryboot {
            put("boot.img", &boot_img(started, kernel_version));
        } else {
            put("anya.efi", &kernel_image(started, kernel_version));
        }
        let manifest =
            format!(r#"{{"board":"{}","version":"{}","packages":{{}}}}"#, self.board, self.version);
        put("manifest.json", manifest.as_bytes());
        Written(folder)
    }
}

/// An image's folder.
pub(crate) struct Written(TempDir);

impl Written {
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

/// Bytes that do not compress and are the same every time (xorshift64).
pub(crate) fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// With zeros behind.
fn padded(bytes: &[u8], zeros: usize) -> Vec<u8> {
    [bytes, &vec![0; zeros]].concat()
}

/// The hash device of a data device, and its root hash: format 1 of dm-verity (Linux,
/// Documentation/admin-guide/device-mapper/verity.rst), with the superblock of cryptsetup.
fn verity_tree(data: &[u8]) -> (Vec<u8>, String) {
    let hash = |block: &[u8]| sha256(&[&SALT, block].concat());
    let mut levels: Vec<Vec<u8>> = vec![data.to_vec()];
    while levels.last().unwrap().len() > BLOCK {
        let mut level = Vec::new();
        for block in levels.last().unwrap().chunks(BLOCK) {
            level.extend_from_slice(&hash(block).0);
        }
        level.resize(level.len().next_multiple_of(BLOCK), 0);
        levels.push(level);
    }
    let root_hash = hash(levels.last().unwrap()).to_string();
    let mut device = superblock(data.len() / BLOCK);
    for level in levels[1..].iter().rev() {
        device.extend_from_slice(level);
    }
    (device, root_hash)
}

fn superblock(blocks: usize) -> Vec<u8> {
    let mut block = vec![0; BLOCK];
    let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, b"verity\0\0");
    put(8, &1_u32.to_le_bytes()); // of the superblock
    put(12, &1_u32.to_le_bytes()); // of the hashes
    put(16, &[7; 16]); // UUID
    put(32, b"sha256");
    put(64, &4096_u32.to_le_bytes());
    put(68, &4096_u32.to_le_bytes());
    put(72, &(blocks as u64).to_le_bytes());
    put(80, &32_u16.to_le_bytes());
    put(88, &SALT);
    block
}

/// A file system with the files that are read.
fn boot_img(root_hash: &str, version: &str) -> Vec<u8> {
    fat::fixture::make(&[
        ("CONFIG.TXT", b"kernel=Image"),
        ("CMDLINE.TXT", format!("roothash={root_hash} quiet").as_bytes()),
        ("OSREL.TXT", format!("IMAGE_ID=anya\nIMAGE_VERSION={version}\n").as_bytes()),
    ])
}

/// A PE file with the two sections that are read, and one that is only large.
fn kernel_image(root_hash: &str, version: &str) -> Vec<u8> {
    let command_line = format!("console=ttyS0 roothash={root_hash} quiet\0");
    let os_release = format!("ID=debian\nIMAGE_ID=anya\nIMAGE_VERSION=\"{version}\"\n");
    let linux = noise(200 << 10, 3);
    let sections: [(&str, &[u8]); 3] =
        [(".osrel", os_release.as_bytes()), (".cmdline", command_line.as_bytes()), (".linux", &linux)];
    let mut file = vec![0; 1024];
    file[..2].copy_from_slice(b"MZ");
    file[0x3c] = 0x80;
    file[0x80..0x84].copy_from_slice(b"PE\0\0");
    file[0x86] = 3;
    for (at, (name, content)) in sections.iter().enumerate() {
        let (header, offset) = (0x98 + 40 * at, file.len());
        let padded = content.len().next_multiple_of(512);
        file[header..header + name.len()].copy_from_slice(name.as_bytes());
        for (at, value) in [(8, content.len()), (16, padded), (20, offset)] {
            let value = u32::try_from(value).unwrap().to_le_bytes();
            file[header + at..header + at + 4].copy_from_slice(&value);
        }
        file.extend_from_slice(content);
        file.resize(offset + padded, 0);
    }
    file
}

#[test]
fn the_tree_of_the_tests_is_that_of_veritysetup() {
    let image = Image::of("1.0.0").write();
    let root_hash = fs::read_to_string(image.file("roothash")).unwrap();
    let checked = std::process::Command::new("veritysetup")
        .arg("verify")
        .args([image.file("root.raw"), image.file("verity.raw")])
        .arg(root_hash.trim())
        .output();
    match checked {
        Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr)),
        Err(_) => eprintln!("SKIPPED: veritysetup is not installed (apt install cryptsetup-bin)"),
    }
}
