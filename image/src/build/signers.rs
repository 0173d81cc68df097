//! The signer list that an image carries: whose releases the box takes, from its first boot on.
//!
//! It is `signers/1.json` of a release repository. Nobody signs it: it is trusted because the image is. Later
//! lists come with the releases, each signed by those of the one before.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use ota_core::signers::SignerList;

/// Reads a list, and makes sure that it is the first one of its repository.
///
/// # Errors
/// When the file cannot be read, is no signer list, or a later one.
pub fn read(file: &Path) -> Result<Vec<u8>> {
    let shown = file.display();
    let bytes = fs::read(file).with_context(|| format!("cannot read the signer list {shown}"))?;
    let list = SignerList::parse(&bytes).with_context(|| format!("{shown} is no signer list"))?;
    ensure!(
        list.version == 1,
        "{shown} is version {} of the signer list: an image takes the first",
        list.version
    );
    Ok(bytes)
}
