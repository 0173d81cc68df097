//! A release as it should be, of which each test changes one thing.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use bitcoin_release::archive::Room;
use bitcoin_release::download::Patience;
use bitcoin_release::fetch::{Bounds, FetchError, Order, fetch};
use flate2::Compression;
use flate2::write::GzEncoder;
use sequoia_openpgp::Cert;
use tempfile::TempDir;

use crate::keys::{builder, public, sign};
use crate::server::{Answer, Server};

pub(crate) const ARCHIVE: &str = "bitcoin-32.1-x86_64-linux-gnu.tar.gz";

/// A server's files and a lock file, of which `anna` and `bert` have to have signed.
pub(crate) struct Release {
    pub(crate) folder: TempDir,
    pub(crate) answers: BTreeMap<String, Answer>,
    pub(crate) required: usize,
    /// Name, fingerprint, certificate.
    pub(crate) builders: Vec<(String, String, Vec<u8>)>,
    pub(crate) pin: Option<String>,
    pub(crate) bounds: Bounds,
    pub(crate) sums: Vec<u8>,
    pub(crate) anna: Cert,
    pub(crate) bert: Cert,
}

impl Release {
    /// All right: signed by both.
    pub(crate) fn new() -> Self {
        Self::of(&good_archive())
    }

    /// Signed by both, with this archive.
    pub(crate) fn of(archive: &[u8]) -> Self {
        Self::by(builder("anna"), builder("bert"), archive)
    }

    /// Signed by both, who are these.
    pub(crate) fn by(anna: Cert, bert: Cert, archive: &[u8]) -> Self {
        let pin = sha256(archive);
        let sums = format!("{}  another.tar.gz\n{pin}  {ARCHIVE}\n", "a".repeat(64)).into_bytes();
        let mut release = Self {
            folder: tempfile::tempdir().unwrap(),
            answers: BTreeMap::new(),
            required: 2,
            builders: Vec::new(),
            pin: Some(pin),
            bounds: Bounds {
                patience: Patience { begin: Duration::from_secs(30), whole: Duration::from_secs(60) },
                archive_bytes: 100_000,
                room: Room { entries: 20, bytes: 100_000 },
            },
            sums: sums.clone(),
            anna: anna.clone(),
            bert: bert.clone(),
        };
        release.pin_builder("anna", &anna);
        release.pin_builder("bert", &bert);
        release.answer("SHA256SUMS", Answer::File(sums));
        release.answer(ARCHIVE, Answer::File(archive.to_vec()));
        release.signed(&[sign(&anna, &release.sums), sign(&bert, &release.sums)]);
        release
    }

    pub(crate) fn answer(&mut self, name: &str, answer: Answer) {
        self.answers.insert(name.to_owned(), answer);
    }

    pub(crate) fn signed(&mut self, signatures: &[Vec<u8>]) {
        self.answer("SHA256SUMS.asc", Answer::File(signatures.concat()));
    }

    pub(crate) fn pin_builder(&mut self, name: &str, cert: &Cert) {
        self.builders.push((name.to_owned(), cert.fingerprint().to_hex(), public(cert)));
    }

    /// Writes the lock file and the certificates.
    pub(crate) fn write_lock(&self) -> PathBuf {
        let mut lock = format!(
            "source = \"release\"\n[crate]\nname = \"x\"\nversion = \"1\"\nchecksum = \"x\"\n[release]\n\
             version = \"32.1\"\nbase_url = \"https://bitcoin.invalid/{{version}}\"\n\
             builders_required = {}\nbuilders = [\n",
            self.required
        );
        let keys = self.folder.path().join("bitcoin-keys");
        fs::create_dir_all(&keys).unwrap();
        for (name, fingerprint, certificate) in &self.builders {
            writeln!(lock, "  {{ name = \"{name}\", fingerprint = \"{fingerprint}\" }},").unwrap();
            fs::write(keys.join(format!("{name}.asc")), certificate).unwrap();
        }
        lock.push_str("]\n[release.archives.x86_64]\ntarget = \"x86_64-linux-gnu\"\n");
        if let Some(pin) = &self.pin {
            writeln!(lock, "sha256 = \"{pin}\"").unwrap();
        }
        let path = self.folder.path().join("bitcoin.toml");
        fs::write(&path, lock).unwrap();
        path
    }

    pub(crate) fn out(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    /// Fetches it, and tells what the server was asked for.
    pub(crate) fn fetch(&self) -> (Result<String, FetchError>, Vec<String>) {
        let lock = self.write_lock();
        self.fetch_with(lock)
    }

    /// The same with a lock file that is there.
    pub(crate) fn fetch_with(&self, lock: PathBuf) -> (Result<String, FetchError>, Vec<String>) {
        let server = Server::start(self.answers.clone());
        let order = Order {
            keys: lock.with_file_name("bitcoin-keys"),
            lock,
            arch: "x86_64".to_owned(),
            out: self.out(),
            base_url: Some(server.url()),
            bounds: self.bounds,
        };
        (fetch(&order), server.asked())
    }

    /// The words of the refusal; nothing may be left of it.
    pub(crate) fn refusal(&self) -> String {
        self.refusal_and_questions().0
    }

    /// The same, with what the server was asked for.
    pub(crate) fn refusal_and_questions(&self) -> (String, Vec<String>) {
        let (result, asked) = self.fetch();
        let words = words(&result.expect_err("this must not be accepted"));
        assert_eq!(self.left(), ["bitcoin-keys", "bitcoin.toml"], "left behind after: {words}");
        (words, asked)
    }

    /// What lies in the folder, hidden or not.
    pub(crate) fn left(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// An error with its causes, as the program prints it.
fn words(error: &FetchError) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        write!(words, ": {error}").unwrap();
        cause = error.source();
    }
    words
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex::encode(digest(&SHA256, bytes))
}

/// An entry of a tar: its path as it is, its type, its link's target or contents.
pub(crate) struct Entry<'a>(pub(crate) &'a str, pub(crate) tar::EntryType, pub(crate) &'a [u8]);

/// The entries of a right archive.
pub(crate) fn good_entries() -> Vec<Entry<'static>> {
    use tar::EntryType::{Directory, Regular};
    vec![
        Entry("bitcoin-32.1/", Directory, b""),
        Entry("bitcoin-32.1/README.md", Regular, b"Read me"),
        Entry("bitcoin-32.1/bin/", Directory, b""),
        Entry("bitcoin-32.1/bin/bitcoin-cli", Regular, b"the client"),
        Entry("bitcoin-32.1/bin/bitcoin-qt", Regular, b"not wanted"),
        Entry("bitcoin-32.1/bin/bitcoind", Regular, b"the node"),
        Entry("bitcoin-32.1/share/man/man1/bitcoind.1", Regular, b"a manual"),
    ]
}

pub(crate) fn good_archive() -> Vec<u8> {
    archive(&good_entries())
}

/// A `.tar.gz` of these entries, however wrong they are.
pub(crate) fn archive(entries: &[Entry<'_>]) -> Vec<u8> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::best()));
    for Entry(path, kind, contents) in entries {
        let mut header = tar::Header::new_ustar();
        // Past the crate's own checks.
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_entry_type(*kind);
        header.set_mode(0o755);
        let is_link = kind.is_symlink() || kind.is_hard_link();
        if is_link {
            header.as_old_mut().linkname[..contents.len()].copy_from_slice(contents);
        }
        let contents = if is_link { &[][..] } else { contents };
        header.set_size(contents.len() as u64);
        header.set_cksum();
        builder.append(&header, contents).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}
