//! The room on the disk that holds the data: how much is left, and a reserve for the next start.
//!
//! # Design
//!
//! A disk that is full still has to be read from, also after a restart. A start writes a little (the index
//! of the database's log, most of all), so a reserve file keeps that much from everybody. [`Reserve::spend`]
//! gives it up before the start where the disk is full, and [`Reserve::save`] takes back what is left right
//! after it, so that writing is refused as before. Once there is room again, the watch fills it up.
//!
//! # Limits
//!
//! The reserve serves the start alone: a service that runs on a full disk refuses to write.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use appliance_core::health::{Component, ComponentState};
use appliance_core::storage::FULL_BELOW;
use nix::fcntl::{FallocateFlags, fallocate};
use nix::sys::statvfs::statvfs;
use tokio::task::JoinHandle;

use crate::observer::Observer;

/// What a start may need, bytes: the database's log and index, a renewed certificate, with plenty to spare.
const RESERVE: u64 = 8 << 20;
/// With less than this left, the owner should know, bytes.
const SCARCE: u64 = 64 << 20;
/// The same as a share of the disk: one part in so many.
const SCARCE_SHARE: u64 = 20;
/// What stays free beside the reserve when it is filled up, bytes.
const BESIDE: u64 = 4 << 20;
/// How often the room is looked at.
const INTERVAL: Duration = Duration::from_secs(5);

/// The room on a disk, bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Room {
    /// What the service could still write.
    pub(crate) free: u64,
    /// What the file system holds in all.
    pub(crate) total: u64,
}

impl Room {
    fn at(folder: &Path) -> std::io::Result<Self> {
        let statistics = statvfs(folder)?;
        let block = statistics.fragment_size();
        Ok(Self { free: statistics.blocks_available() * block, total: statistics.blocks() * block })
    }

    fn is_full(self) -> bool {
        self.free < FULL_BELOW
    }

    fn is_scarce(self) -> bool {
        self.free < SCARCE || self.free < self.total / SCARCE_SHARE
    }
}

/// The disk as a part of the box. It is not required: what is there can be read when it is full.
fn component(room: Room) -> Component {
    let left = shown(room.free);
    let (state, detail) = if room.is_full() {
        let detail = "the disk is full: nothing can be changed until there is room; reading goes on";
        (ComponentState::Failed, detail.to_owned())
    } else if room.is_scarce() {
        (ComponentState::Degraded, format!("the disk is nearly full: {left} left"))
    } else {
        (ComponentState::Ready, format!("{left} free"))
    };
    Component { name: "storage".into(), state, required: false, detail }
}

/// So coarse that a few kilobytes more or less are no news.
fn shown(bytes: u64) -> String {
    match bytes >> 20 {
        mebibytes @ 0..10 => format!("{mebibytes} MiB"),
        mebibytes @ 10..1024 => format!("{} MiB", mebibytes / 10 * 10),
        mebibytes => format!("{} GiB", mebibytes >> 10),
    }
}

/// A file that keeps room for the next start.
#[derive(Clone, Debug)]
pub(crate) struct Reserve {
    path: PathBuf,
}

impl Reserve {
    /// The reserve of this data folder.
    pub(crate) fn of(folder: &Path) -> Self {
        Self { path: folder.join("reserve") }
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    /// Gives the reserve up where a start would not have the room otherwise.
    pub(crate) fn spend(&self) {
        let is_needed = Room::at(self.folder()).is_ok_and(|room| room.free < RESERVE);
        if is_needed && fs::remove_file(&self.path).is_ok() {
            tracing::warn!("the disk is full: the reserve is given up for this start");
        }
    }

    /// Takes back what the start left of it. Missing room is no failure.
    pub(crate) fn save(&self) {
        let Ok(room) = Room::at(self.folder()) else { return };
        let held = self.held();
        if held >= RESERVE {
            return;
        }
        let wanted = RESERVE - held;
        // With room for everybody the whole reserve is taken, else what was its own.
        let length = if room.free >= wanted + BESIDE { RESERVE } else { held + room.free.min(wanted) };
        if let Err(error) = self.take(length) {
            tracing::debug!(%error, "the reserve cannot be filled up yet");
        }
    }

    /// Fills the reserve up when there is room for it and for others.
    fn fill_up(&self) {
        let wanted = RESERVE.saturating_sub(self.held());
        if wanted > 0 && Room::at(self.folder()).is_ok_and(|room| room.free >= wanted + BESIDE) {
            self.save();
        }
    }

    fn held(&self) -> u64 {
        fs::metadata(&self.path).map_or(0, |file| file.len())
    }

    /// Allocates as much of `length` as there is room for.
    fn take(&self, length: u64) -> std::io::Result<()> {
        let file =
            OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&self.path)?;
        let mut length = length & !4095;
        while length > self.held() {
            let bytes = i64::try_from(length).unwrap_or(i64::MAX);
            match fallocate(&file, FallocateFlags::empty(), 0, bytes) {
                Ok(()) => return file.sync_all(),
                // The file system needs some of the room for itself.
                Err(nix::errno::Errno::ENOSPC) => length = length.saturating_sub(256 << 10),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

/// Reports the room now and every [`INTERVAL`], and keeps the reserve filled.
pub(crate) fn watch(reserve: Reserve, observer: Arc<Observer>) -> JoinHandle<()> {
    look(&reserve, &observer);
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(INTERVAL);
        loop {
            ticks.tick().await;
            let (reserve, observer) = (reserve.clone(), Arc::clone(&observer));
            let looked = tokio::task::spawn_blocking(move || {
                reserve.fill_up();
                look(&reserve, &observer);
            });
            if looked.await.is_err() {
                tracing::error!("looking after the disk's room broke");
            }
        }
    })
}

fn look(reserve: &Reserve, observer: &Observer) {
    match Room::at(reserve.folder()) {
        Ok(room) => observer.report(component(room)),
        Err(error) => tracing::error!(%error, "the room on the disk cannot be read"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(free: u64, total: u64) -> ComponentState {
        component(Room { free, total }).state
    }

    #[test]
    fn a_disk_is_well_scarce_or_full() {
        const GIB: u64 = 1 << 30;
        assert_eq!(state(500 << 20, GIB), ComponentState::Ready);
        assert_eq!(state(GIB, 100 * GIB), ComponentState::Degraded, "under one part in twenty");
        assert_eq!(state(63 << 20, GIB), ComponentState::Degraded, "under 64 MiB");
        assert_eq!(state(0, GIB), ComponentState::Failed);
        assert!(!component(Room { free: 0, total: GIB }).required, "reading goes on");
    }

    #[test]
    fn a_few_kilobytes_are_no_news() {
        let told = |free| component(Room { free, total: 1 << 40 }).detail;
        assert_eq!(told((5 << 30) + 4096), told(5 << 30));
        assert_eq!(shown(187 << 20), "180 MiB");
        assert_eq!(shown(3 << 20), "3 MiB");
    }

    #[test]
    fn the_reserve_is_made_where_there_is_room_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let reserve = Reserve::of(folder.path());
        reserve.save();
        assert_eq!(reserve.held(), RESERVE);
        reserve.spend();
        assert_eq!(reserve.held(), RESERVE, "a disk with room keeps it");
    }
}
