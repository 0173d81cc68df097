//! Releases for the boxes under test: made of built images, signed by the developers whose list the images
//! carry, in a repository that a web server on loopback serves.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use image::build::Profile;
use image::sign::{Data, Parts, make_uki};
use jiff::SignedDuration;
use ota_core::version::Version;
use ota_release::clock::now;
use ota_release::openpgp::key_file::{self, NewKey};
use ota_release::repository::{Place, ReleaseName, Repository};
use ota_release::rotate::{self, Change};
use ota_release::sign::Subject;
use ota_release::{bundle, make, publish, sign};

use crate::lab::Lab;
use crate::other_version;
use crate::web_server::WebServer;

/// The channel that boxes follow from the start.
const CHANNEL: &str = "stable";
/// The board of the images under test.
const BOARD: &str = "qemu-x86_64";

/// The keys of the developers who sign first, and of those to whom they hand over.
const OLD: [&str; 2] = ["1", "2"];
const NEW: [&str; 2] = ["successor-1", "successor-2"];

/// A repository and its server.
pub struct Releases {
    folder: PathBuf,
    repository: Repository,
    server: WebServer,
    /// The keys of those who sign.
    keys: PathBuf,
}

/// A release to be made.
#[derive(Clone, Debug)]
pub struct NewRelease<'a> {
    /// Its version, of as many characters as the image's. Its root is the image's, but for the version.
    pub version: &'a str,
    /// Its security epoch.
    pub epoch: u64,
    /// What its kernel image's command line says beyond that of the developer's image.
    pub words: &'a [&'a str],
    /// Whether its kernel image is signed for Secure Boot.
    pub signed: bool,
}

impl<'a> NewRelease<'a> {
    /// A release that works.
    #[must_use]
    pub fn of(version: &'a str) -> Self {
        Self { version, epoch: 1, words: &[], signed: true }
    }
}

impl Releases {
    /// An empty repository for a test, whose signers are the developers.
    ///
    /// # Errors
    /// When the developers' keys are missing (building the image makes them), or files cannot be written.
    pub fn new(lab: &Lab, name: &str) -> Result<Self> {
        let folder = lab.runs().join(format!("releases-{name}"));
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        let signers = lab.cache().with_file_name("release");
        let root = folder.join("repository");
        fs::create_dir_all(root.join("signers"))?;
        symlink(shared_chunks(lab)?, root.join("chunks"))?;
        for file in ["1.json", "1.json.sig"] {
            let from = signers.join("repository/signers").join(file);
            fs::copy(&from, root.join("signers").join(file))
                .with_context(|| format!("{}: `make image` makes it", from.display()))?;
        }
        let keys = folder.join("keys");
        fs::create_dir_all(&keys)?;
        for key in OLD.map(|name| format!("{name}.key")) {
            fs::copy(signers.join("keys").join(&key), keys.join(&key)).with_context(|| key)?;
        }
        let repository = Repository::open_or_begin(&root)?;
        let server = WebServer::start(&root)?;
        Ok(Self { folder, repository, server, keys })
    }

    /// Its server.
    #[must_use]
    pub fn server(&self) -> &WebServer {
        &self.server
    }

    /// Makes a release, signs it by two developers and publishes it.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn publish(&self, lab: &Lab, new: &NewRelease<'_>) -> Result<ReleaseName> {
        let image = self.image_folder(lab, new)?;
        let version: Version = new.version.parse()?;
        let place = Place { channel: CHANNEL.parse()?, board: BOARD.parse()? };
        let name = ReleaseName { place, version };
        let now = now();
        let order = make::Order {
            image,
            name: name.clone(),
            epoch: new.epoch,
            minimum_version: "0.0.0".parse()?,
            expires: now + SignedDuration::from_hours(24 * 30),
            notes: format!("Version {} is for a test.", new.version),
        };
        make::make(&self.repository, &order, now)?;
        self.sign(&Subject::Release(name.clone()), self.who_signs())?;
        publish::publish(&self.repository, &self.repository.release(&name)?, now)?;
        Ok(name)
    }

    /// Signs something with these keys.
    fn sign(&self, subject: &Subject, signers: &[&str]) -> Result<()> {
        let now = now();
        for signer in signers {
            let path = self.keys.join(format!("{signer}.key"));
            let mut ask = |_: &str| Err(std::io::ErrorKind::Unsupported.into());
            let mut key = key_file::open(&path, &mut ask, now)?;
            sign::sign(&self.repository, subject, &mut key, now)?;
        }
        Ok(())
    }

    /// Hands over to three new signers, two of whom sign from now on.
    ///
    /// # Errors
    /// When keys or list cannot be made.
    pub fn rotate(&self) -> Result<()> {
        let now = now();
        let mut add = Vec::new();
        for number in 1..=3 {
            let name = format!("Successor {number}");
            let key = key_file::generate(&name, NewKey::Ed25519, now)?;
            key_file::write(&self.keys.join(format!("successor-{number}.key")), &key)?;
            add.push((name, key.strip_secret_key_material()));
        }
        let remove = (1..=3).map(|number| format!("Developer {number}")).collect();
        let expires = now + SignedDuration::from_hours(24 * 365);
        rotate::rotate(&self.repository, &Change { add, remove, threshold: None, expires }, now)?;
        self.sign(&Subject::NextSigners, &OLD)?;
        self.sign(&Subject::NextSigners, &NEW)?;
        rotate::publish(&self.repository, now)?;
        Ok(())
    }

    fn who_signs(&self) -> &'static [&'static str] {
        if self.repository.path("signers/2.json").exists() { &NEW } else { &OLD }
    }

    /// The release in one file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn bundle(&self, name: &ReleaseName) -> Result<PathBuf> {
        let release = self.repository.release(name)?;
        let bundled = bundle::bundle(&self.repository, &release, None, &self.folder, now())?;
        Ok(bundled.path)
    }

    /// The folder from which the release of a version was made, like that of a built image.
    #[must_use]
    pub fn image_of(&self, version: &str) -> PathBuf {
        self.folder.join(format!("image-{version}"))
    }

    /// Makes a folder like that of a built image.
    fn image_folder(&self, lab: &Lab, new: &NewRelease<'_>) -> Result<PathBuf> {
        let folder = self.image_of(new.version);
        fs::create_dir_all(&folder)?;
        let version = new.version.parse::<Version>()?.loader_form();
        other_version::make(lab, lab.image(), &version, &folder)?;
        let manifest = serde_json::json!({"board": BOARD, "version": version});
        fs::write(folder.join("manifest.json"), manifest.to_string())?;
        kernel_image(lab, new, &version, &folder)?;
        Ok(folder)
    }
}

/// The chunks of all tests' releases, which are the same but for a few: compressing them takes a minute. Those of
/// another image go.
fn shared_chunks(lab: &Lab) -> Result<PathBuf> {
    let name = format!("chunks-{}", &lab.image().root_hash()?[..12]);
    for entry in fs::read_dir(lab.runs())? {
        let entry = entry?;
        let other = entry.file_name().to_string_lossy().into_owned();
        if other.starts_with("chunks-") && other != name {
            fs::remove_dir_all(entry.path())?;
        }
    }
    let shared = lab.runs().join(name);
    fs::create_dir_all(&shared)?;
    Ok(shared)
}

/// Makes the developer's kernel image of another version, with another root hash and more words on its command line.
fn kernel_image(lab: &Lab, new: &NewRelease<'_>, version: &str, folder: &Path) -> Result<()> {
    let (tools, image) = (lab.tools(), lab.image());
    let os_release = fs::read_to_string(image.folder().join("os-release"))?;
    let lines = os_release.lines().map(|line| match line.split_once('=') {
        Some(("IMAGE_VERSION", _)) => format!("IMAGE_VERSION={version}\n"),
        _ => format!("{line}\n"),
    });
    let release_file = folder.join("os-release");
    fs::write(&release_file, lines.collect::<String>())?;
    let dumped = folder.join("cmdline");
    let dump = format!("--dump-section=.cmdline={}", dumped.display());
    let developers = image.uki(Profile::Dev).display().to_string();
    tools.output("objcopy", [dump.as_str(), &developers, "/tmp/unused"])?;
    let command_line = fs::read_to_string(&dumped)?;
    let root_hash = format!("roothash={}", fs::read_to_string(folder.join("roothash"))?);
    let words = command_line.trim_end_matches('\0').split(' ');
    let words = words.map(|word| if word.starts_with("roothash=") { root_hash.as_str() } else { word });
    let words: Vec<&str> = words.chain(new.words.iter().copied()).collect();
    let keys = image::keys::Keys::open(&lab.cache().join("test-keys"))?;
    let uki = folder.join("anya.efi");
    let parts = Parts {
        kernel: &image.folder().join("vmlinuz"),
        initrd: &image.folder().join("initrd"),
        command_line: &words.join(" "),
        os_release: &release_file,
        data: Data::Opens,
    };
    make_uki(tools, &keys, &parts, &uki)?;
    if !new.signed {
        tools.output("sbattach", ["--remove", &uki.display().to_string()])?;
    }
    Ok(())
}
