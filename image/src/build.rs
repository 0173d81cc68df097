//! `image build`: from the checkout to a folder with a bootable disk.
//!
//! 1. The programs are compiled for the image, inside the tools tree ([`programs`]).
//! 2. What is not a Debian package is laid out as a tree ([`stage`]).
//! 3. mkosi makes root, initrd, kernel image and disk from it ([`definition`]).
//! 4. Two more kernel images are made of the same kernel and initrd: the rescue system's ([`rescue`]), and the
//!    developer's with another signed command line for the same root ([`developer`]). A second copy of the slot's own
//!    lies beside it ([`esp`]).
//! 5. Manifest and SBOM are written.
//!
//! A build whose inputs are those of the last one is the last one.

mod definition;
mod developer;
mod inputs;
mod papers;
mod programs;
mod rescue;
mod signers;
mod stage;

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::board::Board;
use crate::esp;
use crate::keys::Keys;
use crate::lock::{Lock, Pool};
use crate::places::Places;
use crate::tools::{self, Tools, eprintln_progress};

pub(crate) use definition::packages;
pub use developer::DEVELOPER_WORDS;
pub use signers::read as read_signers;

/// What is to be built.
#[derive(Clone, Debug)]
pub struct Order {
    /// The board.
    pub board: Board,
    /// The version that the image tells of itself.
    pub version: String,
    /// Keys to sign with.
    pub keys: Keys,
    /// The signer list whose releases the box takes, as [`read_signers`] reads it; with none it takes none.
    pub signers: Option<Vec<u8>>,
    /// Where the finished folder goes.
    pub out: PathBuf,
    /// Take the newest Debian packages in place of the locked ones.
    pub unlocked: bool,
}

/// An image that is there.
#[derive(Clone, Debug)]
pub struct Image {
    folder: PathBuf,
}

/// Which signed command line boots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Profile {
    /// What people get.
    Release,
    /// The same root with a root shell on the serial port, for developers and tests.
    Dev,
}

impl Image {
    /// A folder that [`build`] made.
    ///
    /// # Errors
    /// When it holds no disk.
    pub fn open(folder: &Path) -> Result<Self> {
        let image = Self { folder: folder.to_owned() };
        ensure!(
            image.disk(Profile::Release).is_file(),
            "there is no image in {}: `image build` makes one",
            folder.display()
        );
        Ok(image)
    }

    /// The folder with all files of the image.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The disk, sparse, to be written to a drive as it is.
    #[must_use]
    pub fn disk(&self, profile: Profile) -> PathBuf {
        self.folder.join(match profile {
            Profile::Release => "disk.raw",
            Profile::Dev => "disk-dev.raw",
        })
    }

    /// The signed kernel image.
    #[must_use]
    pub fn uki(&self, profile: Profile) -> PathBuf {
        self.folder.join(match profile {
            Profile::Release => "anya.efi",
            Profile::Dev => "anya-dev.efi",
        })
    }

    /// The root hash of dm-verity, in hexadecimal.
    ///
    /// # Errors
    /// When the file is missing.
    pub fn root_hash(&self) -> Result<String> {
        let hash = fs::read_to_string(self.folder.join("roothash")).context("cannot read the root hash")?;
        Ok(hash.trim().to_owned())
    }
}

/// Builds an image, or finds that the last build is still right.
///
/// # Errors
/// When a step fails: the step is named, with what its program said.
pub fn build(places: &Places, tools: &Tools, order: &Order) -> Result<Image> {
    let packages = match order.unlocked {
        true => None,
        false => Some(locked_packages(places, tools, &order.board)?),
    };
    let work = Work::prepare(places, order, packages)?;
    output(&mut Command::new(places.repository().join("dev-tools/web")), "building the web page")?;
    let programs = programs::compile(places, tools)?;
    stage::lay_out(places, tools, order, &programs, &work.stage)?;
    definition::write(places, order, &work)?;
    stage::lay_out_initrd(tools, &programs, &work.definition)?;
    let epoch = definition::epoch(places)?;
    let inputs = inputs::digest(
        &[&work.stage, &work.definition, tools.tree(), order.keys.folder()],
        &format!("{} {epoch}", order.version),
    )?;
    let stamp = order.out.join(".inputs");
    if fs::read_to_string(&stamp).is_ok_and(|last| last == inputs) {
        return Image::open(&order.out);
    }
    run_mkosi(tools, &work, &order.version, epoch)?;
    // In the cache, which the tools tree sees.
    let made = work.output.with_file_name("made");
    collect(tools, &work, &made)?;
    rescue::add(tools, order, &made)?;
    esp::add_spare(tools, &made.join("disk.raw")).context("no room for the spare")?;
    developer::add(tools, order, &made)?;
    papers::write(places, tools, order, &work, epoch, &made)?;
    fs::write(made.join(".inputs"), inputs)?;
    put_in_place(&made, &order.out)?;
    Image::open(&order.out)
}

/// Moves a finished image to where it was asked for, also to another file system.
fn put_in_place(made: &Path, out: &Path) -> Result<()> {
    if out.exists() {
        fs::remove_dir_all(out).with_context(|| format!("cannot remove {}", out.display()))?;
    }
    fs::create_dir_all(out.parent().context("the root folder is no place for an image")?)?;
    match fs::rename(made, out) {
        Err(error) if error.kind() == ErrorKind::CrossesDevices => {
            let mut copy = Command::new("cp");
            output(copy.args(["-a", "--sparse=always"]).args([made, out]), "cp").map(drop)
        }
        moved => moved.map_err(Into::into),
    }
    .with_context(|| format!("cannot put the image into {}", out.display()))
}

/// Folders of a build.
struct Work {
    /// What goes into the root beside Debian's packages.
    stage: PathBuf,
    /// mkosi's definition, complete.
    definition: PathBuf,
    /// What mkosi makes.
    output: PathBuf,
    /// What mkosi keeps between builds.
    cache: PathBuf,
    /// A repository of just the locked packages; none where the newest ones are taken.
    packages: Option<PathBuf>,
}

impl Work {
    fn prepare(places: &Places, order: &Order, packages: Option<PathBuf>) -> Result<Self> {
        let base = places.images().join("work").join(&order.board.name);
        let work = Self {
            stage: base.join("stage"),
            definition: base.join("definition"),
            output: base.join("output"),
            cache: base.join("cache"),
            packages,
        };
        for folder in [&work.stage, &work.definition, &work.output] {
            if folder.exists() {
                fs::remove_dir_all(folder).with_context(|| format!("cannot clear {}", folder.display()))?;
            }
        }
        for folder in [&work.stage, &work.definition, &work.output, &work.cache] {
            fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        Ok(work)
    }

    fn in_cache(&self, name: &str) -> Result<PathBuf> {
        let folder = self.cache.join(name);
        fs::create_dir_all(&folder)?;
        Ok(folder)
    }
}

/// The locked packages of a board's architecture, as a repository in the cache.
fn locked_packages(places: &Places, tools: &Tools, board: &Board) -> Result<PathBuf> {
    let lock = Lock::read(&Lock::path(places.repository(), board.architecture.debian()))?;
    Pool::in_cache(places).fill(&lock, tools)
}

fn run_mkosi(tools: &Tools, work: &Work, version: &str, epoch: u64) -> Result<()> {
    eprintln_progress("Building the image: one to two minutes");
    let mut mkosi = tools.command("mkosi");
    mkosi
        .arg(format!("--directory={}", work.definition.display()))
        .arg(format!("--output-directory={}", work.output.display()))
        .arg(format!("--cache-directory={}", work.in_cache("incremental")?.display()))
        .arg(format!("--workspace-directory={}", work.in_cache("workspace")?.display()))
        .arg(format!("--package-cache-directory={}", work.in_cache("packages")?.display()))
        .arg(format!("--image-version={version}"))
        .arg(format!("--source-date-epoch={epoch}"))
        .args(["--force", "build"]);
    output(&mut mkosi, "mkosi").map(drop)
}

/// Takes what mkosi made, under the names that other tools rely on.
fn collect(tools: &Tools, work: &Work, out: &Path) -> Result<()> {
    if out.exists() {
        fs::remove_dir_all(out)?;
    }
    fs::create_dir_all(out)?;
    for (made, name) in [
        ("anya.raw", "disk.raw"),
        ("anya.efi", "anya.efi"),
        ("anya.vmlinuz", "vmlinuz"),
        ("anya.initrd", "initrd"),
        ("anya.root.raw", "root.raw"),
        ("anya.verity.raw", "verity.raw"),
        ("anya.manifest", "packages.json"),
        ("initrd.manifest", "initrd-packages.json"),
    ] {
        fs::rename(work.output.join(made), out.join(name))
            .with_context(|| format!("mkosi did not make {made}"))?;
    }
    let table = tools.output("sfdisk", [Path::new("--json"), &out.join("disk.raw")])?;
    fs::write(out.join("roothash"), root_hash(&table)? + "\n").context("cannot write the root hash")?;
    let os_release = format!("--dump-section=.osrel={}", out.join("os-release").display());
    let kernel_image = out.join("anya.efi").display().to_string();
    tools
        .output("objcopy", [&os_release, &kernel_image, "/tmp/unused"])
        .context("the kernel image has no os-release")
        .map(drop)
}

/// The two partitions' ids are the halves of the root hash (systemd's Discoverable Partitions
/// Specification).
fn root_hash(table: &str) -> Result<String> {
    let table: serde_json::Value = serde_json::from_str(table).context("cannot read the partition table")?;
    let partitions =
        table["partitiontable"]["partitions"].as_array().context("the disk has no partitions")?;
    let halves = partitions.get(1..3).context("the disk has no root slot")?.iter();
    let halves = halves.map(|partition| partition["uuid"].as_str().unwrap_or_default().replace('-', ""));
    let hash = halves.collect::<String>().to_lowercase();
    ensure!(hash.len() == 64, "the root slot's ids make no root hash: {hash}");
    Ok(hash)
}

fn output(command: &mut Command, name: &str) -> Result<String> {
    tools::output(command, name)
}
