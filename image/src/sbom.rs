//! What an image is made of, as a bill of materials (SBOM) and as a manifest.
//!
//! The SBOM is CycloneDX 1.6 in JSON: unlike SPDX 2.3 it has a component type for models, and scanners
//! (Grype, Trivy, Dependency-Track, OSV) find Debian packages, crates and npm packages in it by their
//! package URL. The same image gives the same bytes: components are sorted, the time is that of the commit,
//! and the serial number is derived from all the rest.

pub mod bitcoin;
pub mod cargo;
pub mod debian;
mod document;
pub mod manifest;
pub mod models;
pub mod npm;

use std::path::Path;

use anyhow::{Context, Result};

pub use document::{Component, HashEntry, Kind, Property};
pub use manifest::Manifest;

use crate::lock::{Lock, sha256};

/// Programs of this workspace that the image has.
pub const PROGRAMS: &[&str] = &["anya", "anya-data", "anya-initrd", "anya-rescue", "anya-slots", "anyad"];

/// What is known of an image, from which its SBOM is made.
#[derive(Clone, Debug)]
pub struct Subject<'a> {
    /// The checkout.
    pub repository: &'a Path,
    /// The board's name.
    pub board: &'a str,
    /// The image's version.
    pub version: &'a str,
    /// The root hash of dm-verity, hexadecimal.
    pub root_hash: &'a str,
    /// `SOURCE_DATE_EPOCH`: seconds since 1970.
    pub epoch: u64,
    /// The Debian packages that were installed, as mkosi's manifests list them (root and initrd).
    pub installed: &'a [debian::Installed],
    /// The lock, for the hashes; nothing when the build was unlocked.
    pub lock: Option<&'a Lock>,
    /// The tree that was laid over Debian's packages: holds models and Bitcoin Core.
    pub stage: &'a Path,
}

/// Makes the SBOM of an image: JSON, with a newline at the end.
///
/// # Errors
/// When a list of parts cannot be read.
pub fn make(subject: &Subject<'_>) -> Result<String> {
    let mut components = debian::components(subject.installed, subject.lock);
    components.extend(cargo::components(subject.repository, PROGRAMS).context("the Rust crates")?);
    components.extend(npm::components(subject.repository).context("the web page's packages")?);
    components.extend(bitcoin::component(subject.stage).context("Bitcoin Core")?);
    components.extend(models::components(subject.stage).context("the models")?);
    components.sort();
    components.dedup();
    document::text(subject, components)
}

/// An identifier that is always the same for the same text (RFC 9562, version 8), so that documents differ in
/// it exactly when they differ in what they say.
fn derived_uuid(text: &str) -> String {
    let mut hash = sha256(text.as_bytes())[..32].to_owned();
    hash.replace_range(12..13, "8");
    hash.replace_range(16..17, "a");
    format!("{}-{}-{}-{}-{}", &hash[..8], &hash[8..12], &hash[12..16], &hash[16..20], &hash[20..])
}

/// Quotes what a package URL may not have as it is (purl specification, "character encoding").
fn quoted(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' | b'~' | b':' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests;
