//! GnuPG: it accepts the signatures of this tool, and its keys sign here.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use crate::image::{BOARD, Image};
use crate::workshop::{Workshop, text};

/// A GnuPG home of its own, whose agent ends with it.
pub(crate) struct Gpg(TempDir);

impl Gpg {
    /// `None`, and a word about it, where there is no GnuPG.
    pub(crate) fn start() -> Option<Self> {
        if Command::new("gpg").arg("--version").output().is_err() {
            eprintln!("SKIPPED: gpg is not installed");
            return None;
        }
        // Short, as the agent's socket lies in it.
        Some(Self(tempfile::Builder::new().prefix("gpg").tempdir_in("/tmp").unwrap()))
    }

    fn run(&self, arguments: &[&str], input: &[u8]) -> Output {
        let mut child = Command::new("gpg")
            .args(["--batch", "--pinentry-mode", "loopback"])
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

    pub(crate) fn import(&self, certificate: &Path) {
        self.out(&["--import", &text(certificate)], b"");
    }

    /// Whose signatures over a document GnuPG calls good, one line each; it must call all of them good.
    pub(crate) fn verify(&self, document: &Path) -> Vec<String> {
        let signatures = format!("{}.sig", document.display());
        let output = self.run(&["--status-fd", "1", "--verify", &signatures, &text(document)], b"");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let said = String::from_utf8_lossy(&output.stdout);
        let good = said.lines().filter_map(|line| line.strip_prefix("[GNUPG:] GOODSIG "));
        good.map(|line| line.split_once(' ').unwrap().1.to_owned()).collect()
    }

    /// Whether GnuPG calls every signature over a document good.
    fn accepts(&self, document: &Path, signatures: &Path) -> bool {
        self.run(&["--verify", &text(signatures), &text(document)], b"").status.success()
    }
}

impl Drop for Gpg {
    fn drop(&mut self) {
        let _agent_gone =
            Command::new("gpgconf").env("GNUPGHOME", self.0.path()).args(["--kill", "gpg-agent"]).status();
    }
}

#[test]
fn gpg_accepts_the_signatures_of_a_release_and_of_a_list() {
    let Some(gpg) = Gpg::start() else { return };
    let workshop = Workshop::new();
    workshop.release(&Image::of("1.0.0"));
    // Published over another one: the signatures of that are gone.
    workshop.release(&Image::of("1.1.0"));
    for name in ["alice", "bob", "carol"] {
        gpg.import(&workshop.path(&format!("{name}.asc")));
    }
    let manifest = workshop.repository().join("stable/qemu-x86_64/manifest.json");
    assert_eq!(gpg.verify(&manifest), ["Alice", "Bob"]);
    assert_eq!(gpg.verify(&workshop.repository().join("signers/1.json")), ["Alice", "Bob"]);
    let older = workshop.repository().join("stable/qemu-x86_64/1.0.0/manifest.json");
    assert!(!gpg.accepts(&older, &manifest.with_extension("json.sig")));
}

#[test]
fn keys_of_gpg_sign_with_their_password() {
    let Some(gpg) = Gpg::start() else { return };
    let workshop = Workshop::empty();
    for (name, algorithm) in [("Dora", "rsa3072"), ("Emil", "ed25519")] {
        let protect = ["--passphrase", "correct horse"];
        gpg.out(&[&protect[..], &["--quick-generate-key", name, algorithm, "sign", "never"]].concat(), b"");
        let certificate = gpg.out(&["--armor", "--export", name], b"");
        std::fs::write(workshop.path(&format!("{}.asc", name.to_lowercase())), certificate).unwrap();
        let key = gpg.out(&[&protect[..], &["--armor", "--export-secret-keys", name]].concat(), b"");
        std::fs::write(workshop.path(&format!("{}.key", name.to_lowercase())), key).unwrap();
    }
    std::fs::write(workshop.path("password"), "correct horse\n").unwrap();
    std::fs::write(workshop.path("wrong"), "battery staple\n").unwrap();
    workshop.rotate(&["--add", "Dora", "--add", "Emil"]);
    let sign = |name: &str, password: &str, what: &[&str]| {
        let key = format!("{}.key", name.to_lowercase());
        let words = [&["sign", "--key", &key, "--secret-file", password][..], what].concat();
        words.into_iter().map(str::to_owned).collect::<Vec<String>>()
    };
    let wrong = sign("Dora", "wrong", &["--signers"]);
    let (_, said) = workshop.refusal(&wrong.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(said.contains("dora.key: its password is another one"), "{said}");
    let signed = |name: &str, what: &[&str]| {
        workshop.answer(&sign(name, "password", what).iter().map(String::as_str).collect::<Vec<_>>())
    };
    signed("Dora", &["--signers"]);
    signed("Emil", &["--signers"]);
    workshop.answer(&["rotate", "--publish"]);
    workshop.make(&Image::of("1.0.0"));
    signed("Dora", &["--board", BOARD]);
    signed("Emil", &["--board", BOARD]);
    workshop.publish();
    assert_eq!(workshop.verify()["signed_by"].as_array().unwrap().len(), 2);
}
