//! Where a test works: a repository, signers with their keys, and the tool.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::image::{BOARD, Image, Written};

/// A repository beside a folder of keys.
pub(crate) struct Workshop {
    folder: TempDir,
    environment: Vec<(String, PathBuf)>,
}

impl Workshop {
    /// An empty one.
    pub(crate) fn empty() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), environment: Vec::new() }
    }

    /// One where Alice, Bob and Carol sign, two of whom are enough.
    pub(crate) fn new() -> Self {
        let workshop = Self::empty();
        for name in ["Alice", "Bob", "Carol"] {
            workshop.key(name);
        }
        workshop.rotate(&["--add", "Alice", "--add", "Bob", "--add", "Carol"]);
        workshop.sign_list("Alice");
        workshop.sign_list("Bob");
        workshop.answer(&["rotate", "--publish"]);
        workshop
    }

    pub(crate) fn set(&mut self, name: &str, value: PathBuf) {
        self.environment.push((name.to_owned(), value));
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    pub(crate) fn repository(&self) -> PathBuf {
        self.path("repository")
    }

    pub(crate) fn read(&self, relative: &str) -> Vec<u8> {
        fs::read(self.repository().join(relative)).unwrap()
    }

    /// Runs the tool in this repository.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_ota-release"))
            .args(arguments)
            .env("OTA_REPOSITORY", self.repository())
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(self.folder.path())
            .output()
            .unwrap()
    }

    /// What the tool answers in JSON; it must not fail.
    pub(crate) fn answer(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--json"]].concat());
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// The code and the words of the tool's refusal; it must refuse.
    pub(crate) fn refusal(&self, arguments: &[&str]) -> (String, String) {
        let output = self.run(&[arguments, &["--json"]].concat());
        assert!(!output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stdout));
        let said = String::from_utf8(output.stderr).unwrap();
        let Ok(answer) = serde_json::from_slice::<Value>(&output.stdout) else {
            return (String::new(), said);
        };
        (answer["error"].as_str().unwrap().to_owned(), said)
    }

    /// Makes a key file for a signer, `alice.key`, and its certificate. Bob's is of another kind.
    pub(crate) fn key(&self, name: &str) {
        let algorithm = if name == "Bob" { "p256" } else { "ed25519" };
        let new = ["keys", "new", "--name", name, "--algorithm", algorithm, "--out", &key_file(name)];
        self.answer(&new);
    }

    /// Makes the next signer list; names in `--add` stand for their certificates.
    pub(crate) fn rotate(&self, change: &[&str]) -> Value {
        let certificate = |(at, word): (usize, &&str)| match at.checked_sub(1).map(|before| change[before]) {
            Some("--add") => format!("{word}={}.asc", word.to_lowercase()),
            _ => (*word).to_owned(),
        };
        let change: Vec<String> = change.iter().enumerate().map(certificate).collect();
        let mut arguments = vec!["rotate"];
        arguments.extend(change.iter().map(String::as_str));
        self.answer(&arguments)
    }

    pub(crate) fn sign_list(&self, name: &str) -> Value {
        self.answer(&["sign", "--signers", "--key", &key_file(name)])
    }

    /// Makes a release of an image, of the version that the image has.
    pub(crate) fn make(&self, image: &Image) -> Value {
        self.make_with(&image.write(), &image.version.replacen('~', "-", 1), &[])
    }

    /// The same of a written image, with further options.
    pub(crate) fn make_with(&self, image: &Written, version: &str, options: &[&str]) -> Value {
        self.answer(&make(self, image, version, options).iter().map(String::as_str).collect::<Vec<_>>())
    }

    pub(crate) fn make_refused(&self, image: &Written, version: &str, options: &[&str]) -> (String, String) {
        self.refusal(&make(self, image, version, options).iter().map(String::as_str).collect::<Vec<_>>())
    }

    pub(crate) fn sign(&self, name: &str) -> Value {
        self.answer(&["sign", "--board", BOARD, "--key", &key_file(name)])
    }

    pub(crate) fn publish(&self) -> Value {
        self.answer(&["publish", "--board", BOARD])
    }

    /// Makes, signs by two and publishes.
    pub(crate) fn release(&self, image: &Image) -> Value {
        let made = self.make(image);
        self.sign("Alice");
        self.sign("Bob");
        self.publish();
        made
    }

    pub(crate) fn verify(&self) -> Value {
        self.answer(&["verify", "--board", BOARD])
    }
}

pub(crate) fn key_file(name: &str) -> String {
    format!("{}.key", name.to_lowercase())
}

/// The words of `make`; what `options` says is not said before.
fn make(workshop: &Workshop, image: &Written, version: &str, options: &[&str]) -> Vec<String> {
    let notes = workshop.path("notes.txt");
    fs::write(&notes, "What is new.\n").unwrap();
    let (image, notes) = (text(image.path()), text(&notes));
    let mut words: Vec<String> = ["make", "--board", BOARD].map(str::to_owned).to_vec();
    for (name, value) in [
        ("--image", image.as_str()),
        ("--version", version),
        ("--epoch", "1"),
        ("--minimum-version", "0.9.0"),
        ("--expires", "90"),
        ("--notes", &notes),
    ] {
        if !options.contains(&name) {
            words.extend([name.to_owned(), value.to_owned()]);
        }
    }
    words.extend(options.iter().map(|&word| word.to_owned()));
    words
}

pub(crate) fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}
