//! A counter in hardware that never goes back: the security epoch below which no release is taken.

use crate::HalResult;

/// Counts security epochs, from 0 on a device that never counted.
///
/// What it told once it never goes below, whatever happens to the disk: who puts an older state of the disk
/// back does not put the epoch back.
pub trait EpochCounter: Send + Sync {
    /// The epoch now. Changes nothing.
    ///
    /// # Errors
    /// As the device says. `Unsupported` when its place is taken by something that is not this counter.
    fn read(&self) -> HalResult<u64>;

    /// Raises the epoch to this one; does nothing when it is there already, or higher. When it fails half-way,
    /// the epoch lies between the two, and the same call goes on from there.
    ///
    /// # Errors
    /// As the device says: `PinIncorrect` when the device's owner has set a password, `Full` when it has no room,
    /// `Busy` when it asks to be spared for a moment. `InvalidInput` for more than [`MAX_STEP`] epochs at once: a
    /// number that no release has by intent, and that would leave the device without any further one.
    fn raise_to(&self, epoch: u64) -> HalResult<()>;
}

/// By how many epochs a counter is raised at once, at most.
pub const MAX_STEP: u64 = 1000;
