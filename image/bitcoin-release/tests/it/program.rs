//! The program as it is run, and the lock file of this checkout.

use std::path::Path;
use std::process::{Command, Output};

use bitcoin_release::lock::{Lock, LockError, Source};

use crate::keys::sign;
use crate::release::Release;
use crate::server::Server;

fn run(release: &Release, server: &Server) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bitcoin-release"))
        .args(["fetch", "--arch", "x86_64", "--base-url", &server.url(), "--lock"])
        .arg(release.write_lock())
        .arg("--out")
        .arg(release.out())
        .output()
        .unwrap()
}

#[test]
fn it_prints_the_origin_and_nothing_else() {
    let release = Release::new();
    let output = run(&release, &Server::start(release.answers.clone()));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let origin = std::fs::read(release.out().join("SOURCE")).unwrap();
    assert!(origin.starts_with(b"Bitcoin Core 32.1, official release") && output.stdout == origin);
}

#[test]
fn it_says_why_not_and_fails() {
    let mut release = Release::new();
    release.signed(&[sign(&release.anna, &release.sums)]);
    let output = run(&release, &Server::start(release.answers.clone()));
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("SHA256SUMS is not signed by enough pinned builders"), "{told}");
    assert!(told.contains("1 of 2 signatures that are needed: signed by anna"), "{told}");
    assert!(!release.out().exists());
}

fn image() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

#[test]
fn the_lock_file_of_this_checkout_is_one() {
    let lock = Lock::read(&image().join("bitcoin.toml")).unwrap();
    match lock.source {
        Source::Crate => assert!(matches!(lock.release(), Err(LockError::NotARelease))),
        Source::Release => {
            let release = lock.release().unwrap();
            release.signers(&image().join("bitcoin-keys")).unwrap();
            release.archive("x86_64").unwrap();
        }
    }
}

#[test]
fn an_unknown_field_in_the_lock_file_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bitcoin.toml");
    let text = std::fs::read_to_string(image().join("bitcoin.toml")).unwrap();
    std::fs::write(&path, text.replace("target =", "sha265 = \"00\"\ntarget =")).unwrap();
    let Err(LockError::Parse { source, .. }) = Lock::read(&path) else { panic!("it was taken") };
    assert!(source.to_string().contains("unknown field `sha265`"), "{source}");
}
