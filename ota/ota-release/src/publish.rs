//! `publish`: a staged release becomes what boxes are offered.
//!
//! Only when a box would take it: enough signers of the current list, nothing that leads back behind what is
//! current, every chunk there and right. Then [`crate::flip`] puts it in its place. The release keeps its own
//! copy in its folder, for bundles of differences; `prune` removes old ones.

use std::fmt;

use jiff::Timestamp;
use ota_core::layout;
use ota_core::trust::{ChannelSeen, Known};
use serde::Serialize;

use crate::error::Result;
use crate::flip::{self, Step};
use crate::repository::{Release, Repository};
use crate::verify::{self, Verified};

/// A release that was published.
#[derive(Clone, Debug, Serialize)]
pub struct Published {
    /// The path that boxes ask for.
    pub manifest: String,
    /// What was verified before.
    #[serde(flatten)]
    pub verified: Verified,
}

/// Publishes a release.
///
/// # Errors
/// A box would refuse it, or the repository cannot be written.
pub fn publish(repository: &Repository, release: &Release, now: Timestamp) -> Result<Published> {
    let _lock = repository.lock()?;
    let (verified, steps) = prepare(repository, release, now)?;
    for step in steps {
        step.take(repository)?;
    }
    let place = &verified.name.place;
    Ok(Published { manifest: layout::manifest(&place.channel, &place.board), verified })
}

/// What publishing takes, in order, once everything is verified.
///
/// # Errors
/// A box would refuse the release.
pub fn prepare(repository: &Repository, release: &Release, now: Timestamp) -> Result<(Verified, Vec<Step>)> {
    let place = release.name().place;
    let mut known = Known::default();
    if let Some(current) = repository.current(&place)? {
        let Release { manifest, .. } = current;
        known.highest_epoch = manifest.epoch;
        let seen = ChannelSeen { version: manifest.version, signed: manifest.signed };
        known.channels.insert(manifest.channel, seen);
    }
    let verified = verify::verify(repository, release, None, &known, now)?;
    let path = layout::manifest(&place.channel, &place.board);
    Ok((verified, flip::steps(repository, &path, &release.document)?))
}

impl fmt::Display for Published {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Verified { name, signed_by, expires, .. } = &self.verified;
        writeln!(f, "Published {name}, signed by {}, current until {expires}.", signed_by.join(" and "))?;
        write!(f, "  {}", self.manifest)
    }
}
