//! Archives that are signed, pinned and wrong all the same; and the right one.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use tar::EntryType::{self, Regular};

use crate::release::{Entry, Release, archive, good_archive, good_entries, sha256};

/// The right archive with one more entry.
fn with(path: &str, kind: EntryType, contents: &[u8]) -> Release {
    let mut entries: Vec<Entry<'_>> = good_entries();
    entries.insert(1, Entry(path, kind, contents));
    Release::of(&archive(&entries))
}

#[test]
fn the_right_one_gives_two_programs_and_their_origin() {
    let release = Release::new();
    let line = release.fetch().0.unwrap();
    let hash = sha256(&good_archive());
    assert_eq!(line, format!("Bitcoin Core 32.1, official release, SHA-256 {hash}, signed by anna, bert"));
    let read = |name| fs::read_to_string(release.out().join(name)).unwrap();
    assert_eq!(read("SOURCE"), format!("{line}\n"));
    assert_eq!([read("bitcoind"), read("bitcoin-cli")], ["the node", "the client"]);
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(release.out()) & 0o755, 0o755);
    assert_eq!(mode(release.out().join("bitcoind")) & 0o700, 0o700);
    assert_eq!(fs::read_dir(release.out()).unwrap().count(), 3);
    assert_eq!(release.left(), ["bitcoin-keys", "bitcoin.toml", "out"]);
}

#[test]
fn a_folder_that_holds_something_stays_as_it_is() {
    let release = Release::new();
    fs::create_dir(release.out()).unwrap();
    fs::write(release.out().join("bitcoind"), "mine").unwrap();
    let error = release.fetch().0.unwrap_err();
    assert!(error.to_string().ends_with("out cannot be made"), "{error}");
    assert_eq!(fs::read_to_string(release.out().join("bitcoind")).unwrap(), "mine");
    assert_eq!(release.left(), ["bitcoin-keys", "bitcoin.toml", "out"]);
}

#[test]
fn a_path_that_leads_out() {
    for path in [
        "../bitcoind",
        "bitcoin-32.1/../../bitcoind",
        "bitcoin-32.1/bin/../../../evil",
        "/etc/cron.d/evil",
        "bitcoin-31.0/bin/bitcoind",
        "bitcoind",
    ] {
        let words = with(path, Regular, b"evil").refusal();
        assert_eq!(words, format!("the archive has an entry outside of bitcoin-32.1: {path:?}"));
    }
}

#[test]
fn a_link_or_device() {
    for (path, kind, target) in [
        ("bitcoin-32.1/bin/x", EntryType::Symlink, "/etc"),
        ("bitcoin-32.1/bin", EntryType::Symlink, "/etc"),
        ("bitcoin-32.1/bin/bitcoind", EntryType::Symlink, "/bin/sh"),
        ("bitcoin-32.1/bin/bitcoind", EntryType::Link, "/bin/sh"),
        ("bitcoin-32.1/fifo", EntryType::Fifo, ""),
        ("bitcoin-32.1/null", EntryType::Char, ""),
    ] {
        let words = with(path, kind, target.as_bytes()).refusal();
        assert_eq!(words, format!("the archive has an entry that is neither file nor folder: {path:?}"));
    }
}

#[test]
fn a_bomb() {
    // A million zeros are a thousand bytes of gzip; wanted or not, they are not unpacked.
    let zeros = vec![0; 1_000_000];
    for path in ["bitcoin-32.1/zeros", "bitcoin-32.1/bin/bitcoind"] {
        let release = with(path, Regular, &zeros);
        assert_eq!(release.refusal(), "the archive unpacks to more than 100000 bytes", "{path}");
    }
    let mut entries = good_entries();
    for _ in 0..20 {
        entries.push(Entry("bitcoin-32.1/empty", Regular, b""));
    }
    assert_eq!(Release::of(&archive(&entries)).refusal(), "the archive has more than 20 entries");
}

#[test]
fn zeros_behind_the_end_are_bounded_too() {
    use std::io::Write;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let mut plain = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&good_archive()[..]), &mut plain).unwrap();
    gzip.write_all(&plain).unwrap();
    gzip.write_all(&vec![0; 1_000_000]).unwrap();
    let release = Release::of(&gzip.finish().unwrap());
    assert_eq!(release.refusal(), "the archive unpacks to more than 100000 bytes");
}

#[test]
fn an_archive_without_a_program() {
    for program in ["bitcoind", "bitcoin-cli"] {
        let path = format!("bitcoin-32.1/bin/{program}");
        let mut entries = good_entries();
        entries.retain(|Entry(name, ..)| *name != path);
        assert_eq!(Release::of(&archive(&entries)).refusal(), format!("the archive has no {path}"));
    }
}

#[test]
fn an_archive_with_a_program_twice() {
    let words = with("bitcoin-32.1/bin/bitcoind", Regular, b"another").refusal();
    assert_eq!(words, "the archive has bitcoind twice");
}

#[test]
fn an_archive_that_is_damaged() {
    let good = good_archive();
    let mut wrong_check = good.clone();
    let last = wrong_check.len() - 5;
    wrong_check[last] ^= 1;
    for bytes in [good[..good.len() / 2].to_vec(), wrong_check, b"<html>".to_vec(), Vec::new()] {
        let words = Release::of(&bytes).refusal();
        assert!(words.starts_with("the archive is damaged or cut off: "), "{words}");
    }
}
