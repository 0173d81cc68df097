//! GnuPG is what people sign with: its signatures count, and it accepts those that the tests make.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use jiff::Timestamp;
use ota_client::openpgp::{Certificates, Standing, facts, findings};
use ota_core::signers::{Signer, SignerList};
use ota_core::trust::{Finding, count};
use tempfile::TempDir;

use crate::keys::{public, sign, signer};

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
}

impl Drop for Gpg {
    fn drop(&mut self) {
        let _agent_gone =
            Command::new("gpgconf").env("GNUPGHOME", self.0.path()).args(["--kill", "gpg-agent"]).status();
    }
}

#[test]
fn signatures_of_gpg_count() {
    let Some(gpg) = Gpg::start() else { return };
    let mut signers = Vec::new();
    let mut signatures = Vec::new();
    for (name, algorithm) in [("Anna", "ed25519"), ("Bert", "rsa3072"), ("Cleo", "nistp256")] {
        gpg.out(&["--quick-generate-key", name, algorithm, "sign", "never"], b"");
        let certificate = String::from_utf8(gpg.out(&["--armor", "--export", name], b"")).unwrap();
        signers.push(Signer { name: name.to_owned(), certificate });
        signatures.extend(gpg.out(&["--detach-sign", "--local-user", name, "--output", "-"], b"document"));
    }
    let expires = "2027-11-01T00:00:00Z".parse().unwrap();
    let list = SignerList { version: 1, expires, threshold: 3, signers };
    let now = Timestamp::now();
    assert!(facts(&list, now).iter().all(|signer| signer.standing == Standing::Valid));
    let certificates = Certificates::read(&list).unwrap();
    let found = findings(&[&certificates], b"document", &signatures, now);
    assert!(found.iter().all(|signature| signature.finding == Finding::Good), "{found:?}");
    assert_eq!(count(certificates.signers(), &found).unwrap().len(), 3);
    let found = findings(&[&certificates], b"other", &signatures, now);
    assert_eq!(count(certificates.signers(), &found).unwrap_err().code(), "bad_signature");
}

#[test]
fn gpg_verifies_two_signatures_in_one_file() {
    let Some(gpg) = Gpg::start() else { return };
    let certs = ["Alice", "Bob"].map(signer);
    for cert in &certs {
        gpg.out(&["--import"], public(cert).as_bytes());
    }
    let file = gpg.0.path().join("manifest.json.sig");
    std::fs::write(&file, certs.iter().flat_map(|cert| sign(cert, b"document")).collect::<Vec<u8>>())
        .unwrap();
    let verify = |document: &[u8]| gpg.run(&["--verify", file.to_str().unwrap(), "-"], document);
    let good = verify(b"document");
    let told = String::from_utf8_lossy(&good.stderr).into_owned();
    assert!(good.status.success() && told.matches("Good signature").count() == 2, "{told}");
    assert!(!verify(b"other").status.success());
}
