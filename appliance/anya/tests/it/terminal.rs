//! A person's or a script's side: a configuration folder of its own and the program.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::double::Double;

pub(crate) struct Terminal {
    folder: tempfile::TempDir,
}

/// What a command did.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    /// Its output, when it did what it should.
    pub(crate) fn done(self) -> String {
        assert_eq!(self.status, 0, "{self:?}");
        self.out
    }

    /// Its one line of error.
    pub(crate) fn failed(self) -> String {
        assert_eq!((self.status, self.err.lines().count()), (1, 1), "{self:?}");
        assert!(self.err.starts_with("anya: "), "{self:?}");
        self.err
    }

    pub(crate) fn json(self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("{self:?}"))
    }
}

impl Terminal {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn profile(&self) -> PathBuf {
        self.folder.path().join("anya/box.json")
    }

    pub(crate) fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Runs with this input and these settings, and no others.
    pub(crate) fn run_with(&self, arguments: &[&str], input: &str, settings: &[(&str, &Path)]) -> Ended {
        let mut command = Command::new(env!("CARGO_BIN_EXE_anya"));
        for name in ["ANYA_URL", "ANYA_API_KEY", "ANYA_CA_FILE"] {
            command.env_remove(name);
        }
        command.env("XDG_CONFIG_HOME", self.folder.path()).env("TZ", "UTC").envs(settings.iter().copied());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.args(arguments).spawn().unwrap();
        // A program that does not read its input may be gone already.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        Ended {
            status: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        self.run_with(arguments, "", &[])
    }

    /// Runs against the double with an API key, as a script does.
    pub(crate) fn at(&self, double: &Double, arguments: &[&str]) -> Ended {
        let ca = self.file("ca.crt", &double.ca_pem);
        let settings = [
            ("ANYA_URL", Path::new(&double.url)),
            ("ANYA_API_KEY", Path::new("anya_of-the-script")),
            ("ANYA_CA_FILE", &ca),
        ];
        self.run_with(arguments, "", &settings)
    }
}
