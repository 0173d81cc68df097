//! What the image that runs says of itself. All of it is covered by the root hash that was booted.

use std::fs;

use anyhow::{Context, Result};
use jiff::Timestamp;
use ota_core::digest::RootHash;
use ota_core::identifier::Identifier;
use ota_core::version::Version;

use crate::places::Places;

/// The image that runs.
#[derive(Clone, Debug)]
pub(crate) struct RunningImage {
    pub(crate) board: Identifier,
    pub(crate) version: Version,
    pub(crate) built: Timestamp,
    /// The document of its signer list; an image that takes no updates has none.
    pub(crate) signers: Option<Vec<u8>>,
    /// Its security epoch, when the image knows it.
    pub(crate) epoch: Option<u64>,
}

impl RunningImage {
    /// Reads it.
    ///
    /// # Errors
    /// The image does not say what it is.
    pub(crate) fn read(places: &Places) -> Result<Self> {
        let image = places.image();
        let text = |name: &str| {
            let path = image.join(name);
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
        };
        let board = text("board")?;
        let board = board.trim().parse().context("the image's board has no name that can be")?;
        let built = fs::metadata(places.clock_epoch())
            .and_then(|file| file.modified())
            .context("the image does not say when it was built")?;
        Ok(Self {
            board,
            version: version(places)?,
            built: Timestamp::try_from(built).context("the image was built at a time that cannot be")?,
            signers: fs::read(image.join("signers/1.json")).ok(),
            epoch: text("epoch").ok().and_then(|text| text.trim().parse().ok()),
        })
    }
}

/// `IMAGE_VERSION` of os-release(5), in the boot loader's form.
fn version(places: &Places) -> Result<Version> {
    let text = fs::read_to_string(places.os_release()).context("cannot read the image's os-release")?;
    let value = |line: &str| Some(line.strip_prefix("IMAGE_VERSION=")?.trim_matches(['"', '\'']).to_owned());
    let version = text.lines().filter_map(value).next_back().context("the image has no IMAGE_VERSION")?;
    Version::from_loader_form(&version).context("the image's IMAGE_VERSION is none that can be")
}

/// The root hash that was booted; `None` for a system that was not started from a slot.
pub(crate) fn booted(places: &Places) -> Option<RootHash> {
    let text = fs::read_to_string(places.command_line()).ok()?;
    let mut hashes = text.split_ascii_whitespace().filter_map(|word| word.strip_prefix("roothash="));
    // With two of them it is not known here which one the initrd took.
    let hash = hashes.next().filter(|_| hashes.next().is_none())?;
    hash.parse().ok()
}
