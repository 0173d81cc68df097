//! Where everything is: the tools tree that holds QEMU, the image under test, and the folders in which
//! machines run (`target/qemu-tests/<name>` of the checkout).

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use image::build::{Image, Profile};
use image::places::Places;
use image::tools::Tools;
use nix::fcntl::{Flock, FlockArg};

/// The tools, the image, and the place for runs.
#[derive(Clone, Debug)]
pub struct Lab {
    tools: Tools,
    image: Image,
    runs: PathBuf,
    cache: PathBuf,
    _alone: Arc<Flock<File>>,
}

impl Lab {
    /// Finds the tools tree (and makes it where it is missing) and the image of `qemu-x86_64`, or of the
    /// folder that `ANYA_QEMU_IMAGE` names. Waits until no other program uses the folders of the machines.
    ///
    /// # Errors
    /// When the tools cannot be had, or no image was built.
    pub fn open() -> Result<Self> {
        let places = Places::find()?;
        let folder =
            std::env::var_os("ANYA_QEMU_IMAGE").map_or_else(|| places.board("qemu-x86_64"), PathBuf::from);
        let folder = std::path::absolute(folder)?;
        let image = Image::open(&folder).context("run `make image BOARD=qemu-x86_64` first")?;
        let runs = places.repository().join("target/qemu-tests");
        std::fs::create_dir_all(&runs)?;
        let lock = File::options().create(true).append(true).open(runs.join("lock"))?;
        let alone = Flock::lock(lock, FlockArg::LockExclusive).map_err(|(_, error)| error);
        let alone = alone.context("cannot wait for other tests of this checkout to end")?;
        // Wherever it lies, the tools see it.
        let tools = Tools::ready(&places)?.with_folder(image.folder(), image.folder());
        Ok(Self { tools, image, cache: places.images(), runs, _alone: Arc::new(alone) })
    }

    /// A program of the tools tree.
    #[must_use]
    pub fn command(&self, program: &str) -> Command {
        let mut command = self.tools.command(program);
        command.stdin(Stdio::null());
        command
    }

    /// The tools tree.
    #[must_use]
    pub fn tools(&self) -> &Tools {
        &self.tools
    }

    /// The image's disk.
    #[must_use]
    pub fn disk(&self, profile: Profile) -> PathBuf {
        self.image.disk(profile)
    }

    /// The image under test.
    #[must_use]
    pub fn image(&self) -> &Image {
        &self.image
    }

    /// Where what is made once is kept.
    #[must_use]
    pub fn cache(&self) -> &Path {
        &self.cache
    }

    /// Where machines run and artefacts are kept.
    #[must_use]
    pub fn runs(&self) -> &Path {
        &self.runs
    }
}

/// Runs a command to its end and gives what it printed.
///
/// # Errors
/// When it fails: with `name` and what it said.
pub(crate) fn run(command: &mut Command, name: &str) -> Result<String> {
    let done = command.output().with_context(|| format!("cannot start {name}"))?;
    if !done.status.success() {
        let said = String::from_utf8_lossy(&done.stderr);
        bail!("{name} failed ({}): {}{said}", done.status, String::from_utf8_lossy(&done.stdout));
    }
    String::from_utf8(done.stdout).with_context(|| format!("{name} printed something that is not text"))
}
