//! GnuPG is what the builders sign with: its signatures count, and it accepts those that the tests make.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::SystemTime;

use bitcoin_release::signers::Signers;
use tempfile::TempDir;

use crate::keys::{builder, public, sign};

/// A GnuPG home of its own, whose agent ends with it.
struct Gpg(TempDir);

impl Gpg {
    /// `None`, and a word about it, where there is no GnuPG.
    fn start() -> Option<Self> {
        if Command::new("gpg").arg("--version").output().is_err() {
            eprintln!("SKIPPED: gpg is not installed");
            return None;
        }
        // Short, as the agent's socket lies in it.
        Some(Self(tempfile::Builder::new().prefix("gpg").tempdir_in("/tmp").unwrap()))
    }

    fn run(&self, arguments: &[&str], input: &[u8]) -> Output {
        let mut child = Command::new("gpg")
            .args(["--batch", "--pinentry-mode", "loopback", "--passphrase", ""])
            .args(arguments)
            .env("GNUPGHOME", self.0.path())
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        child.wait_with_output().unwrap()
    }

    fn out(&self, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        let output = self.run(arguments, input);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Gpg {
    fn drop(&mut self) {
        let _agent_gone =
            Command::new("gpgconf").env("GNUPGHOME", self.0.path()).args(["--kill", "gpg-agent"]).status();
    }
}

#[test]
fn a_signature_of_gpg_counts() {
    let Some(gpg) = Gpg::start() else { return };
    let mut signers = Signers::new();
    let mut signatures = Vec::new();
    for (name, algorithm) in [("anna", "ed25519"), ("bert", "rsa3072")] {
        gpg.out(&["--quick-generate-key", name, algorithm, "sign", "never"], b"");
        let listed = gpg.out(&["--with-colons", "--list-keys", name], b"");
        let listed = String::from_utf8(listed).unwrap();
        let line = listed.lines().find(|line| line.starts_with("fpr:")).unwrap();
        let certificate = gpg.out(&["--armor", "--export", name], b"");
        signers.add(name, line.split(':').nth(9).unwrap(), &certificate).unwrap();
        signatures
            .extend(gpg.out(&["--armor", "--detach-sign", "--local-user", name, "--output", "-"], b"sums\n"));
    }
    let found = signers.check(b"sums\n", &signatures, 2, SystemTime::now()).unwrap();
    assert_eq!(found.signed_by, ["anna", "bert"]);
    let error = signers.check(b"other\n", &signatures, 1, SystemTime::now()).unwrap_err();
    assert!(error.to_string().starts_with("0 of 1"), "{error}");
}

#[test]
fn gpg_accepts_the_tests_own_signatures() {
    let Some(gpg) = Gpg::start() else { return };
    let anna = builder("anna");
    gpg.out(&["--import"], &public(&anna));
    let signature = gpg.path().join("sums.asc");
    std::fs::write(&signature, sign(&anna, b"sums\n")).unwrap();
    let verify = |document: &[u8]| gpg.run(&["--verify", signature.to_str().unwrap(), "-"], document);
    let good = verify(b"sums\n");
    assert!(good.status.success(), "{}", String::from_utf8_lossy(&good.stderr));
    assert!(!verify(b"other\n").status.success());
}
