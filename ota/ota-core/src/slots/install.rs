//! The steps of an installation, in the one order that survives a power cut at every moment.
//!
//! The caller drives: it asks for the next [`Action`], performs it, and reports it done. An action that
//! fails ends the installation; nothing has to be undone, because the other slot's entry went first and
//! comes last. After a power cut it begins anew: every action can be repeated.
//!
//! | action | on the disk when it is done | after a cut during it |
//! |---|---|---|
//! | `Forget` | only the running system has an entry, with all its tries, and its spare is there | the other's entry may still be there, with its slot whole |
//! | `LabelEmpty` | the other slot says that it is empty | old label or new |
//! | `WriteRoot`, `WriteVerity` | its content | half of it |
//! | `VerifyReadBack` | the same, read past the cache and checked against the root hash | the same |
//! | `SetIdentity` | UUIDs from the root hash, label | any of them |
//! | `StageKernel` | the kernel image, under a name that the loader ignores | half of it |
//! | `Arm` | its entry, with all its tries | the entry or none |
//! | `Restart` | nothing | – |
//!
//! ```
//! # use ota_core::slots::{Action, Installation, Slots};
//! # fn perform(_: Action) {}
//! # fn install(slots: &Slots) -> Result<(), Box<dyn std::error::Error>> {
//! let mut installation = Installation::begin(slots, &"1.1.0".parse()?)?;
//! while let Some(action) = installation.next() {
//!     perform(action); // to the medium, before it is done
//!     installation.done(action)?;
//! }
//! # Ok(()) }
//! ```

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{IdentityError, Slots, System};
use crate::version::Version;

/// A step. It is done when its effect is on the medium, not earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// [`BootLoader::forget_all_but`](super::BootLoader::forget_all_but) the running system.
    Forget,
    /// Label root and verity of the target [`Slots::EMPTY`].
    LabelEmpty,
    /// Write the root.
    WriteRoot,
    /// Write the verity tree.
    WriteVerity,
    /// Read both back through the descriptor that wrote them, past the cache, and check every block against
    /// the root hash.
    VerifyReadBack,
    /// Set the partitions' UUIDs to the halves of the root hash, and their labels to [`Slots::label`].
    SetIdentity,
    /// [`BootLoader::stage`](super::BootLoader::stage) the kernel image.
    StageKernel,
    /// [`BootLoader::arm`](super::BootLoader::arm) the target.
    Arm,
    /// Restart, now or when it suits, in the way that arming told.
    Restart,
}

const ORDER: [Action; 9] = [
    Action::Forget,
    Action::LabelEmpty,
    Action::WriteRoot,
    Action::WriteVerity,
    Action::VerifyReadBack,
    Action::SetIdentity,
    Action::StageKernel,
    Action::Arm,
    Action::Restart,
];

/// The caller reports an action that is not the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{0:?} is not the step that comes next")]
pub struct OutOfTurn(pub Action);

/// An installation under way.
#[derive(Clone, Debug)]
pub struct Installation {
    running: System,
    target: System,
    at: usize,
}

impl Installation {
    /// An installation of this version, into the slot that does not run.
    ///
    /// # Errors
    /// The version runs already.
    pub fn begin(slots: &Slots, version: &Version) -> Result<Self, IdentityError> {
        let target = slots.target(version)?;
        Ok(Self { running: slots.running().clone(), target, at: 0 })
    }

    /// What runs, and is not touched.
    pub fn running(&self) -> &System {
        &self.running
    }

    /// What is written, and where.
    pub fn target(&self) -> &System {
        &self.target
    }

    /// What to do next; `None` when all is done.
    pub fn next(&self) -> Option<Action> {
        ORDER.get(self.at).copied()
    }

    /// An action's effect is on the medium.
    ///
    /// # Errors
    /// It is not the one that [`Installation::next`] told; nothing changes.
    pub fn done(&mut self, action: Action) -> Result<(), OutOfTurn> {
        if self.next() != Some(action) {
            return Err(OutOfTurn(action));
        }
        self.at += 1;
        Ok(())
    }
}
