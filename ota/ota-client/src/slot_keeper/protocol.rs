//! What the service and the slot keeper say to each other.
//!
//! One JSON object on one line, each way: `{"op":"status"}` is answered by `{"answer":"status",…}`. Whatever
//! is asked may be answered by `{"answer":"refused","code":"…","text":"…"}`. Fields that are not known are
//! refused: both sides are of one image.
//!
//! | request | descriptors | answers |
//! |---|---|---|
//! | `status`, `believe`, `roll-back`, `restart`, `note-time` | none | one |
//! | `read` | none | `opened` with five: running root, verity and kernel image, other root and verity |
//! | `install` | none | `opened` with two, to be read and written: other root and verity |
//! | then `written` | one: the kernel image | `step` before each step, and `armed` at the end |

use jiff::Timestamp;
use ota_core::identifier::Identifier;
use ota_core::slots::{Action, System};
use ota_core::trust::{Known, Room};
use ota_core::version::Version;
use serde::{Deserialize, Serialize};

use crate::check::SignerLists;
use crate::source::{Evidence, signer_lists};

/// The longest line that either side takes, bytes, its end included.
pub const MAX_LINE: usize = 4 << 20;
/// The most descriptors that come with a line.
pub const MAX_DESCRIPTORS: usize = 5;

/// What the service asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// How the slots are.
    Status {},
    /// Both slots and the running kernel image, to be read.
    Read {},
    /// Whether a release is believed; what follows from it is stored.
    Believe {
        /// The channel that the box follows.
        channel: Identifier,
        /// The documents and signatures to believe it by.
        evidence: Evidence,
    },
    /// The other slot, to be written with a release.
    Install {
        /// The channel that the box follows.
        channel: Identifier,
        /// The documents and signatures to believe it by.
        evidence: Evidence,
        /// Also when the version was set aside.
        insist: bool,
    },
    /// Both partitions are written; comes with the kernel image. Only within an installation.
    Written {},
    /// The next start is of the other slot.
    RollBack {},
    /// Start the machine again.
    Restart {},
    /// The clock may have been set: remember the time, when it can be believed.
    NoteTime {},
}

/// What the service is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Answer {
    /// How the slots are.
    Status(Box<SlotsStatus>),
    /// What was asked for was opened; comes with the descriptors.
    Opened {},
    /// A release is believed.
    Believed(Believed),
    /// This step of the installation begins.
    Step {
        /// Which.
        step: Action,
    },
    /// The installation is done but for the restart.
    Armed {
        /// Whether the restart has to be one by `tryboot`; [`Request::Restart`] sees to it.
        tryboot: bool,
    },
    /// It is done, or under way.
    Accepted {},
    /// It was not done.
    Refused(Refused),
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// The reason in one word, which stays the same: that of a refusal or an error of this crate or of
    /// [`ota_core`]; or one of [`code`].
    pub code: String,
    /// The reason in words for the owner.
    pub text: String,
}

/// The codes that are the keeper's own.
pub mod code {
    /// Something else is being done to the slots.
    pub const BUSY: &str = "busy";
    /// The state of the box does not allow it.
    pub const NOT_NOW: &str = "not_now";
    /// It is none of [`Request`](super::Request), or it came at the wrong place.
    pub const BAD_REQUEST: &str = "bad_request";
    /// A file, a device or a program that was needed failed.
    pub const FAILED: &str = "failed";
    /// The release is what runs already.
    pub const NOTHING_NEW: &str = "nothing_new";
    /// The version was set aside, and the owner did not insist.
    pub const SET_ASIDE: &str = "set_aside";
    /// The firmware would not start the kernel image.
    pub const KERNEL_NOT_SIGNED: &str = "kernel_not_signed";
}

/// A release that is believed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Believed {
    /// Its version.
    pub version: Version,
    /// The names of those who signed it; none when there is nothing new.
    pub signed_by: Vec<String>,
    /// Why it is installed only when the owner insists, in words for the owner.
    pub set_aside: Option<String>,
    /// Whether it is what runs already.
    pub nothing_new: bool,
}

/// An update that did not work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoneBack {
    /// The version that did not work.
    pub version: Version,
    /// Why, in words for the owner.
    pub reason: String,
}

/// How the slots are, and all that a check goes by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotsStatus {
    /// The board that the image is for.
    pub board: Identifier,
    /// What runs, and where.
    pub running: System,
    /// What the other slot holds; `None` when it is empty.
    pub other: Option<System>,
    /// Whether the boot loader would start the other slot.
    pub other_starts: bool,
    /// Why the owner may not go back, in words; `None` when he may, or the other slot is empty.
    pub rollback_refused: Option<String>,
    /// When the running image was built.
    pub built: Timestamp,
    /// The room for each part of a release, bytes.
    pub room: Room,
    /// What the box remembers of releases, with what the TPM's counter says.
    pub known: Known,
    /// The signer lists after the one in the image that were followed.
    #[serde(with = "signer_lists")]
    pub followed: SignerLists,
    /// Whether the image carries a signer list; without one no release is believed.
    pub has_signers: bool,
    /// Whether the clock was set from the network since the start.
    pub synchronised: bool,
    /// Whether the firmware enforces Secure Boot.
    pub secure_boot: bool,
    /// Whether a counter in the TPM keeps the security epoch.
    pub epoch_in_tpm: bool,
    /// The running version, when it is on trial: installed by an update, and not marked good yet.
    pub trial: Option<Version>,
    /// Whether the running version was marked good since the start.
    pub good: bool,
    /// The update that did not work, so that this start is of the version before it.
    pub gone_back: Option<GoneBack>,
    /// Why no update is possible now, in words for the owner.
    pub blocked: Option<String>,
}
