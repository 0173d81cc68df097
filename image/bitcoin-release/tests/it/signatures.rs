//! Who has to have signed, and what does not count.

use std::fs;
use std::time::SystemTime;

use sequoia_openpgp::Cert;
use sequoia_openpgp::types::ReasonForRevocation;

use crate::keys::{
    DAY, builder, builder_with_two_subkeys, expired, public, revoked, sign, sign_with, sign_with_primary,
    with_retired_subkey,
};
use crate::release::{ARCHIVE, Release, good_archive};
use crate::server::Answer;

/// What is asked before the archive is.
const LISTS: [&str; 2] = ["SHA256SUMS", "SHA256SUMS.asc"];

/// Only the second builder is in question.
fn with_bert(bert: Cert) -> Release {
    Release::by(builder("anna"), bert, &good_archive())
}

fn refused_before_the_archive(release: &Release) -> String {
    let (words, asked) = release.refusal_and_questions();
    assert_eq!(asked, LISTS, "{words}");
    assert!(words.starts_with("SHA256SUMS is not signed by enough pinned builders: "), "{words}");
    words
}

#[test]
fn one_signature_short() {
    let mut release = Release::new();
    release.signed(&[sign(&release.anna, &release.sums)]);
    let words = refused_before_the_archive(&release);
    assert!(words.ends_with("1 of 2 signatures that are needed: signed by anna"), "{words}");
}

#[test]
fn the_same_builder_twice() {
    let mut release = Release::new();
    let again = sign_with(&release.anna, 0, SystemTime::now() - DAY, &release.sums);
    release.signed(&[sign(&release.anna, &release.sums), again]);
    let words = refused_before_the_archive(&release);
    assert!(words.contains("signed by anna; anna signed more than once"), "{words}");
}

#[test]
fn two_subkeys_of_one_builder() {
    let anna = builder_with_two_subkeys("anna");
    let mut release = Release::by(anna.clone(), builder("bert"), &good_archive());
    let now = SystemTime::now();
    release.signed(&[0, 1].map(|subkey| sign_with(&anna, subkey, now, &release.sums)));
    let words = refused_before_the_archive(&release);
    assert!(words.contains("signed by anna; anna signed more than once"), "{words}");
}

#[test]
fn unknown_signers_only() {
    let mut release = Release::new();
    let unknown = ["carla", "dora"].map(builder);
    release.signed(&unknown.map(|cert| sign(&cert, &release.sums)));
    let words = refused_before_the_archive(&release);
    assert!(words.ends_with("signed by nobody; 2 signatures are of unknown keys"), "{words}");
}

#[test]
fn unknown_and_unreadable_signatures_do_not_disturb() {
    let mut release = Release::new();
    let garbage = b"-----BEGIN PGP SIGNATURE-----\n\nAAAA\n-----END PGP SIGNATURE-----\n".to_vec();
    let unknown = sign(&builder("carla"), &release.sums);
    let both = [sign(&release.bert, &release.sums), sign(&release.anna, &release.sums)];
    release.signed(&[b"Of the builders:\n".to_vec(), unknown, garbage, both.concat()]);
    let line = release.fetch().0.unwrap();
    assert!(line.ends_with("signed by anna, bert"), "{line}");
}

#[test]
fn a_key_that_has_expired() {
    let mut release = with_bert(expired("bert"));
    let anna = sign(&release.anna, &release.sums);
    // Today, and with a date from before it expired.
    for at in [SystemTime::now(), SystemTime::now() - 10 * DAY] {
        release.signed(&[anna.clone(), sign_with(&release.bert, 0, at, &release.sums)]);
        let words = refused_before_the_archive(&release);
        assert!(words.contains("signed by anna; bert: ") && words.contains("xpired"), "{words}");
    }
}

#[test]
fn a_key_that_was_revoked() {
    for reason in [ReasonForRevocation::KeyCompromised, ReasonForRevocation::KeyRetired] {
        let mut release = with_bert(revoked(builder("bert"), reason));
        let anna = sign(&release.anna, &release.sums);
        for at in [SystemTime::now(), SystemTime::now() - 10 * DAY] {
            release.signed(&[anna.clone(), sign_with(&release.bert, 0, at, &release.sums)]);
            let words = refused_before_the_archive(&release);
            assert!(words.contains("signed by anna; bert: ") && words.contains("revoked"), "{words}");
        }
    }
}

#[test]
fn a_subkey_that_was_retired() {
    let mut release = with_bert(with_retired_subkey(builder("bert")));
    let before = sign_with(&release.bert, 0, SystemTime::now() - 10 * DAY, &release.sums);
    release.signed(&[sign(&release.anna, &release.sums), before]);
    let words = refused_before_the_archive(&release);
    assert!(words.contains("bert: ") && words.contains("the signing key is revoked"), "{words}");
}

#[test]
fn a_key_that_may_not_sign() {
    let mut release = Release::new();
    let primary = sign_with_primary(&release.bert, &release.sums);
    release.signed(&[sign(&release.anna, &release.sums), primary]);
    let words = refused_before_the_archive(&release);
    assert!(words.contains("bert: ") && words.contains("not signing capable"), "{words}");
}

#[test]
fn a_signature_of_other_bytes() {
    let mut release = Release::new();
    release.signed(&[sign(&release.anna, &release.sums), sign(&release.bert, b"other bytes")]);
    let words = refused_before_the_archive(&release);
    assert!(words.contains("signed by anna; bert: "), "{words}");
    // And the other way: the list was changed after it was signed.
    let mut release = Release::new();
    let changed = [release.sums.as_slice(), b"\n"].concat();
    release.answer("SHA256SUMS", Answer::File(changed));
    let words = refused_before_the_archive(&release);
    assert!(words.contains("0 of 2") && words.contains("signed by nobody; anna: "), "{words}");
}

#[test]
fn a_signature_that_is_none() {
    let mut release = Release::new();
    for (signatures, words) in [
        (b"".to_vec(), "there is no OpenPGP signature in them"),
        (b"<html>Not found</html>".to_vec(), "there is no OpenPGP signature in them"),
        (vec![0xff, 0xfe], "they are not text"),
    ] {
        release.answer("SHA256SUMS.asc", Answer::File(signatures));
        let told = refused_before_the_archive(&release);
        assert!(told.ends_with(words), "{told}");
    }
    let truncated = sign(&release.bert, &release.sums);
    release.signed(&[sign(&release.anna, &release.sums), truncated[..truncated.len() / 2].to_vec()]);
    let told = refused_before_the_archive(&release);
    assert!(told.contains("1 of 2"), "{told}");
}

/// Nothing is even asked of a server.
fn refused_at_once(release: &Release) -> String {
    let (words, asked) = release.refusal_and_questions();
    assert!(asked.is_empty(), "{asked:?}");
    words
}

#[test]
fn a_list_without_builders() {
    let mut release = Release::new();
    release.builders.clear();
    let words = refused_at_once(&release);
    assert!(words.contains("pins 0 builders of the 2 that have to have signed"), "{words}");
    assert!(words.contains("bitcoin-keys/README.md tells how to add them"), "{words}");
}

#[test]
fn a_demand_that_is_no_demand() {
    let mut release = Release::new();
    for required in [0, 1] {
        release.required = required;
        let words = refused_at_once(&release);
        assert!(words.contains(&format!("builders_required = {required}: fewer than 2")), "{words}");
    }
    release.required = 3;
    assert!(refused_at_once(&release).contains("pins 2 builders of the 3"));
}

#[test]
fn a_builder_who_is_in_the_list_twice() {
    let mut release = Release::new();
    let anna = release.anna.clone();
    release.builders.truncate(1);
    release.pin_builder("anna-again", &anna);
    let words = refused_at_once(&release);
    assert!(words.contains("anna and anna-again have the same fingerprint"), "{words}");
}

#[test]
fn a_certificate_that_is_not_the_pinned_one() {
    let mut release = Release::new();
    let [anna, bert] = [&release.anna, &release.bert].map(|cert| cert.fingerprint().to_hex());
    release.builders[1].2 = public(&release.anna);
    let words = refused_at_once(&release);
    assert!(words.contains(&format!("does not have the pinned fingerprint {bert}, but {anna}")), "{words}");
    // Nor does the fingerprint of a subkey stand for the whole.
    let subkey = release.bert.keys().subkeys().next().unwrap().key().fingerprint().to_hex();
    release.builders[1] = ("bert".to_owned(), subkey, public(&release.bert));
    assert!(refused_at_once(&release).contains("does not have the pinned fingerprint"));
    release.builders[1].1 = "0123".to_owned();
    assert!(refused_at_once(&release).contains("is not 40 hexadecimal digits: \"0123\""));
    release.builders[1].1 = bert;
    release.builders[1].2 = b"not a certificate".to_vec();
    assert!(refused_at_once(&release).contains("the certificate of bert cannot be read"));
}

#[test]
fn a_certificate_that_is_missing() {
    let release = Release::new();
    let lock = release.write_lock();
    fs::remove_file(release.folder.path().join("bitcoin-keys/bert.asc")).unwrap();
    let (result, asked) = release.fetch_with(lock);
    let words = result.unwrap_err().to_string();
    assert!(words.contains("the certificate of bert is missing") && words.contains("README.md"), "{words}");
    assert!(asked.is_empty() && !release.left().contains(&"out".to_owned()));
}

#[test]
fn all_is_asked_for_once_when_it_is_right() {
    let (result, asked) = Release::new().fetch();
    result.unwrap();
    assert_eq!(asked, [LISTS[0], LISTS[1], ARCHIVE]);
}
