//! Updates of the box's own software, as the rest of the box sees them.
//!
//! What a release is and what of it is believed are [`ota_core`]'s rules. Here is what the owner decides
//! ([`UpdateSettings`]), when the box acts by itself ([`schedule`]), what is told ([`UpdateStatus`]), and the
//! ports behind which the work is done ([`Updates`], [`UpdateMedia`], [`UpdatePreferences`]).

mod media;
mod port;
pub mod schedule;
mod settings;
mod status;

pub use media::{Fit, LARGEST_FILE, Media, MediumFile, MediumRelease, Taking, UpdateMedia};
pub use port::{InstallOrder, UpdateError, UpdatePreferences, Updates};
pub use settings::{Automatic, InvalidSettings, RestartTime, TimeOfDay, UpdateSettings};
pub use status::{
    Availability, LastCheck, Offer, Previous, UpdateActivity, UpdateProblem, UpdateSource, UpdateStatus,
};
