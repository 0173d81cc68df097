//! Hashes that differ, and servers that do not behave.

use std::time::Duration;

use bitcoin_release::download::Patience;

use crate::keys::sign;
use crate::release::{ARCHIVE, Entry, Release, archive, good_archive, sha256};
use crate::server::{Answer, Server};

/// Signed by both, with this list.
fn with_sums(sums: &str) -> Release {
    let mut release = Release::new();
    release.answer("SHA256SUMS", Answer::File(sums.as_bytes().to_vec()));
    release.signed(&[sign(&release.anna, sums.as_bytes()), sign(&release.bert, sums.as_bytes())]);
    release
}

#[test]
fn a_signed_list_with_another_hash_than_the_lock_file() {
    let other = "c".repeat(64);
    let release = with_sums(&format!("{other}  {ARCHIVE}\n"));
    let (words, asked) = release.refusal_and_questions();
    let pin = release.pin.unwrap();
    assert_eq!(words, format!("SHA256SUMS says {other} for {ARCHIVE}, the lock file says {pin}"));
    assert!(!asked.contains(&ARCHIVE.to_owned()));
}

#[test]
fn a_signed_list_without_the_archive() {
    let hash = sha256(&good_archive());
    for sums in [
        format!("{hash}  bitcoin-31.0-x86_64-linux-gnu.tar.gz\n"),
        format!("{hash}  {ARCHIVE}\n{}  {ARCHIVE}\n", "c".repeat(64)),
    ] {
        let words = with_sums(&sums).refusal();
        assert_eq!(words, format!("the signed SHA256SUMS does not list {ARCHIVE} with one hash"));
    }
}

#[test]
fn a_lock_file_without_the_hash_is_told_how_to_get_it() {
    let mut release = Release::new();
    let hash = release.pin.take().unwrap();
    let (words, asked) = release.refusal_and_questions();
    assert!(words.contains("no sha256 for bitcoin-32.1-x86_64") && words.contains("anna, bert"), "{words}");
    assert!(words.ends_with(&format!("add to [release.archives.x86_64]: sha256 = \"{hash}\"")), "{words}");
    assert!(!asked.contains(&ARCHIVE.to_owned()));
}

#[test]
fn a_lock_file_with_a_hash_that_is_none() {
    let mut release = Release::new();
    release.pin = Some("00".to_owned());
    assert_eq!(release.refusal(), "the lock file has an unusable sha256: \"00\"");
}

#[test]
fn an_archive_that_is_not_the_pinned_one() {
    let mut release = Release::new();
    let other = archive(&[Entry("bitcoin-32.1/bin/bitcoind", tar::EntryType::Regular, b"evil")]);
    release.answer(ARCHIVE, Answer::File(other.clone()));
    let words = release.refusal();
    assert!(words.contains(&format!("{ARCHIVE} has the SHA-256 {}, but ", sha256(&other))), "{words}");
}

#[test]
fn an_archive_that_comes_in_part() {
    let mut release = Release::new();
    let part = good_archive()[..100].to_vec();
    release.answer(ARCHIVE, Answer::Part(part.clone()));
    let words = release.refusal();
    assert!(words.contains(&format!("{ARCHIVE} came in part only")), "{words}");
    // Announced as if it were all.
    release.answer(ARCHIVE, Answer::File(part));
    let words = release.refusal();
    assert!(words.contains("has the SHA-256"), "{words}");
}

#[test]
fn an_endless_or_huge_answer() {
    for name in ["SHA256SUMS", "SHA256SUMS.asc", ARCHIVE] {
        for answer in [Answer::Endless, Answer::Huge] {
            let mut release = Release::new();
            release.answer(name, answer);
            let words = release.refusal();
            assert!(words.contains(&format!("/{name} is larger than 1")), "{words}");
        }
    }
}

/// How a server that answers so is given up, when it may take half a second for one of the two.
fn given_up(answer: Answer, patience: fn(Duration, Duration) -> Patience) -> String {
    let mut release = Release::new();
    release.bounds.patience = patience(Duration::from_millis(500), Duration::from_secs(60));
    release.answer("SHA256SUMS", answer);
    let words = release.refusal();
    assert!(words.contains("/SHA256SUMS "), "{words}");
    words
}

#[test]
fn a_server_that_takes_its_time() {
    let words = given_up(Answer::Dribble, |short, long| Patience { begin: long, whole: short });
    assert!(words.ends_with("timeout: global"), "{words}");
    let words = given_up(Answer::Silence, |short, long| Patience { begin: short, whole: long });
    assert!(words.ends_with("could not be fetched: timeout: receive response"), "{words}");
}

#[test]
fn a_redirect_is_not_followed() {
    let elsewhere = Release::new();
    let other = Server::start(elsewhere.answers);
    let mut release = Release::new();
    for name in ["SHA256SUMS", ARCHIVE] {
        let target = format!("{}/{name}", other.url());
        release.answer(name, Answer::Redirect(target.clone()));
        let words = release.refusal();
        assert!(
            words.contains(&format!("was redirected to {target}: only the place in the lock")),
            "{words}"
        );
        release.answer("SHA256SUMS", Answer::File(release.sums.clone()));
    }
    assert!(other.asked().is_empty());
}

#[test]
fn a_file_that_is_not_there() {
    for name in ["SHA256SUMS", "SHA256SUMS.asc", ARCHIVE] {
        let mut release = Release::new();
        release.answers.remove(name);
        let words = release.refusal();
        assert!(words.ends_with(&format!("/{name} is not there: the server answered 404")), "{words}");
    }
    let mut release = Release::new();
    release.answer("SHA256SUMS", Answer::Status(206));
    assert!(release.refusal().ends_with("the server answered 206"));
}
