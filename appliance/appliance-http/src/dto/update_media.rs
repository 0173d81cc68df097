//! Releases on media that are plugged in.

use appliance_core::update;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::mirror;
use crate::extract::RequestBody;

mirror! {
    /// Whether the box can take a release, as far as its file's name says: it is newer than the version that runs,
    /// the same, older, for another board, not whole (it leaves out what another version has), or too large.
    #[serde(rename_all = "snake_case")]
    UpdateFit of update::Fit { Newer, Running, Older, OtherBoard, NotWhole, TooLarge }
}

/// A release on a medium. What is told of it is its file's name; what it is, is checked when it is taken.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UpdateOnMedium {
    /// The medium that it is on.
    #[schema(example = "sdb1")]
    medium: String,
    /// The file's name there.
    #[schema(example = "anya-1.3.0-generic-x86_64.update")]
    file: String,
    #[schema(example = "1.3.0")]
    version: String,
    #[schema(example = "generic-x86_64")]
    board: String,
    /// The file's size, bytes.
    size: u64,
    fit: UpdateFit,
}

/// A file that is being copied from a medium.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TakingUpdate {
    medium: String,
    file: String,
    /// How much of it is on the box, bytes. When all of it is, it is being checked.
    done: u64,
    /// Its size, bytes.
    total: u64,
}

/// What is on the media that are plugged in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UpdateMedia {
    /// The releases on them, the newest first.
    releases: Vec<UpdateOnMedium>,
    /// What is being taken from one of them; `null` while nothing is.
    #[schema(required)]
    taking: Option<TakingUpdate>,
}

impl From<update::Media> for UpdateMedia {
    fn from(media: update::Media) -> Self {
        let release = |release: update::MediumRelease| UpdateOnMedium {
            medium: release.medium,
            file: release.file,
            version: release.version.into(),
            board: release.board.into(),
            size: release.size,
            fit: release.fit.into(),
        };
        let taking = |taking: update::Taking| TakingUpdate {
            medium: taking.medium,
            file: taking.file,
            done: taking.done,
            total: taking.total,
        };
        Self { releases: media.releases.into_iter().map(release).collect(), taking: media.taking.map(taking) }
    }
}

/// Which release to take.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TakeUpdate {
    /// The medium, as it was told.
    #[schema(example = "sdb1")]
    pub(crate) medium: String,
    /// The file on it, likewise.
    #[schema(example = "anya-1.3.0-generic-x86_64.update")]
    pub(crate) file: String,
}

impl RequestBody for TakeUpdate {
    const LIMIT: usize = 4 << 10;
}
