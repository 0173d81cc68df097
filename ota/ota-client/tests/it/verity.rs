//! Trees as veritysetup makes them, and trees and roots that were changed.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::process::Command;

use ota_client::digest::sha256;
use ota_client::verity::{BLOCK, Superblock, make, make_part, verify};
use ota_core::digest::RootHash;
use ota_core::manifest::Content;

use crate::release::{content, file, noise};

/// Made by veritysetup 2.6.1 over `noise(1, blocks * 4096)`, with the salt 00 01 … 1f and the UUID
/// 00112233-4455-6677-8899-aabbccddeeff: the number of blocks, the root hash, the digest of the tree's file.
const MADE_BY_VERITYSETUP: [(u64, &str, &str); 6] = [
    (
        1,
        "4c2f4f2e73dc513c0d5eeec24d2159d7c2c4cabb658d62e726109bca3862c5ef",
        "65d91df5f86d11c33b49464fa434156904972bd8fae1d81ffe21eaae7d1554f2",
    ),
    (
        2,
        "e02913b2a7c76e42aa450533b0362b79a355ad2dadeb688a84566acd18188bac",
        "34801ee38eaedd5ee57a8fafadc1a3b459723fe0c5cb121045a75bc801691dcd",
    ),
    (
        128,
        "84f273de3eba042ade96e9f62c77ab418556bece0a4af99014e6831fdaa81f43",
        "0159dfa15ddef44ee57d03c3cfc3818445145dd5d2dc55fcf1645c247255de9a",
    ),
    (
        129,
        "6430d605f5b20b3bab98c78a32f6e4133f8036e0ccd53f23f6391c8f2ab3c617",
        "5e1e1192af885e3a3b6fee4e36acfffbc029de6eb1586750a1a559aa2c34716f",
    ),
    (
        300,
        "fce2d507222c1d04225cd1ae28821aeb39ae904cbb39eb9f8125d908204db1c8",
        "d91c2a20d8f0559d02363a80bce0a96857bb0d64e20766a44984d097a8463274",
    ),
    (
        16_385,
        "20a840b8af29227912a6225f5069d32bc9a83dc540635d5948db9ec95d6f61c0",
        "9360b180db8e35cd230e1aa2f304bcd8e29cea98ac50434d474c9767626ce106",
    ),
];

/// A root of so many blocks, and a file with its superblock.
fn root(blocks: u64) -> (File, File, u64) {
    let data = noise(1, usize::try_from(blocks).unwrap() * BLOCK);
    let uuid =
        [0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff];
    let superblock = Superblock { uuid, data_blocks: blocks, salt: (0..32).collect() };
    (file(&data), file(&superblock.to_block()), data.len() as u64)
}

fn flip(file: &File, offset: u64) {
    let mut byte = [0];
    file.read_exact_at(&mut byte, offset).unwrap();
    file.write_all_at(&[byte[0] ^ 1], offset).unwrap();
}

#[test]
fn trees_are_those_of_veritysetup() {
    for (blocks, root_hash, tree) in MADE_BY_VERITYSETUP {
        let (data, hashes, size) = root(blocks);
        assert_eq!(make(&data, &hashes, size).unwrap().to_string(), root_hash, "{blocks}");
        assert_eq!(sha256(&content(&hashes)).to_string(), tree, "{blocks}");
        verify(&data, &hashes, &root_hash.parse().unwrap(), size).unwrap();
    }
}

#[test]
fn a_single_bit_anywhere_is_found_and_told() {
    let (data, hashes, size) = root(300);
    let root_hash = make(&data, &hashes, size).unwrap();
    let told = || {
        let error = verify(&data, &hashes, &root_hash, size).unwrap_err();
        (error.code(), error.to_string())
    };
    for block in [0, 127, 128, 299] {
        flip(&data, block * 4096 + 5);
        let expected = format!("Block {block} of the root is not what the root hash says.");
        assert_eq!(told(), ("verity_other_block", expected));
        flip(&data, block * 4096 + 5);
    }
    // The superblock's salt, the topmost block, and each block below it.
    for (offset, block) in [(90, 1), (4096, 1), (2 * 4096, 2), (4 * 4096 + 100, 4), (5 * 4096 - 1, 4)] {
        flip(&hashes, offset);
        let expected = format!("Block {block} of the verity tree is not what the root hash says.");
        assert_eq!(told(), ("verity_other_block", expected));
        flip(&hashes, offset);
    }
    verify(&data, &hashes, &root_hash, size).unwrap();
    let other: RootHash = "0".repeat(64).parse().unwrap();
    assert_eq!(verify(&data, &hashes, &other, size).unwrap_err().code(), "verity_other_block");
}

#[test]
fn a_tree_over_another_size_or_cut_off_is_refused() {
    let (data, hashes, size) = root(300);
    let root_hash = make(&data, &hashes, size).unwrap();
    for other in [size - 4096, size + 4096, size + 1, size + (1 << 32)] {
        assert_eq!(verify(&data, &hashes, &root_hash, other).unwrap_err().code(), "verity_other_size");
    }
    hashes.write_all_at(&u64::MAX.to_le_bytes(), 72).unwrap();
    assert_eq!(verify(&data, &hashes, &root_hash, size).unwrap_err().code(), "verity_other_size");
    hashes.write_all_at(&300_u64.to_le_bytes(), 72).unwrap();
    hashes.set_len(3 * 4096).unwrap();
    assert_eq!(verify(&data, &hashes, &root_hash, size).unwrap_err().code(), "verity_unreadable");
    hashes.set_len(100).unwrap();
    assert_eq!(verify(&data, &hashes, &root_hash, size).unwrap_err().code(), "verity_unreadable");
}

#[test]
fn the_verity_part_is_made_from_the_root_when_that_gives_what_was_promised() {
    let (data, hashes, size) = root(300);
    make(&data, &hashes, size).unwrap();
    let part = content(&hashes);
    let promised = Content { size: part.len() as u64, sha256: sha256(&part) };
    // A partition that is larger, with something of before in it.
    let partition = file(&part[..512]);
    partition.write_all_at(&noise(5, 40_000), 512).unwrap();
    assert!(make_part(&data, &partition, size, &promised).unwrap());
    assert_eq!(content(&partition)[..part.len()], part);
    // Another root, or another size of the tree, gives another part: it has to be fetched.
    flip(&data, 7);
    assert!(!make_part(&data, &partition, size, &promised).unwrap());
    let longer = Content { size: promised.size + 4096, ..promised };
    assert!(!make_part(&data, &partition, size, &longer).unwrap());
    // Nothing is written behind the end of a part that is shorter than the tree would be.
    let shorter = Content { size: promised.size - 4096, ..promised };
    let superblock = file(&part[..512]);
    assert!(!make_part(&data, &superblock, size, &shorter).unwrap());
    assert_eq!(content(&superblock).len(), 512);
}

#[test]
fn veritysetup_accepts_what_is_made() {
    if Command::new("veritysetup").arg("--version").output().is_err() {
        eprintln!("SKIPPED: veritysetup is not installed");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (data, hashes, size) = root(300);
    let root_hash = make(&data, &hashes, size).unwrap().to_string();
    let [data, hashes] = [("data", data), ("hashes", hashes)].map(|(name, file)| {
        let path = folder.path().join(name);
        std::fs::write(&path, content(&file)).unwrap();
        path
    });
    let verified = |root_hash: &str| {
        let status = Command::new("veritysetup").arg("verify").args([&data, &hashes]).arg(root_hash).status();
        status.unwrap().success()
    };
    assert!(verified(&root_hash));
    assert!(!verified(&"0".repeat(64)));
}
