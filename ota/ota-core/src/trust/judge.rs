//! Whether a release may be installed.
//!
//! The order of the rules is that of TUF's client workflow (specification 1.0, 5.3 to 5.6): signatures
//! first, so that nothing is believed of a manifest that nobody signed; then what it is for; then time; then
//! whether it leads back. Each rule is a function below, named after what it guards.

use super::known::{ChannelSeen, Known, SetAside};
use super::{Clock, Refusal, Signature, count};
use crate::identifier::Identifier;
use crate::manifest::{Manifest, PartKind};
use crate::signers::Signers;
use crate::version::Version;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How far ahead of a synchronised clock a signer's may be.
const SIGNER_AHEAD: SignedDuration = SignedDuration::from_hours(24);

/// The room for each part, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    /// The partition of a root.
    pub root: u64,
    /// The partition of a verity tree.
    pub verity: u64,
    /// What the boot partition has for one more kernel image, once the other slot's is gone.
    pub uki: u64,
}

/// What the box is.
#[derive(Clone, Debug)]
pub struct BoardFacts {
    /// Its board.
    pub board: Identifier,
    /// The channel that it follows.
    pub channel: Identifier,
    /// The version that runs.
    pub installed: Version,
    /// When the running image was built.
    pub built: Timestamp,
    /// The room for each part.
    pub room: Room,
}

/// All that a decision hangs on.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The manifest.
    pub manifest: &'a Manifest,
    /// The signatures over its document, checked.
    pub signatures: &'a [Signature],
    /// The signer list that is trusted; without one, nothing is.
    pub signers: Option<&'a Signers>,
    /// What the box remembers.
    pub known: &'a Known,
    /// What the system's clock says.
    pub system_time: Timestamp,
    /// Whether that clock was set from the network since the start.
    pub synchronised: bool,
    /// What the box is.
    pub board: &'a BoardFacts,
}

/// A release that is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// What there is to do.
    pub verdict: Verdict,
    /// What the box knows from now on; to be stored before the verdict is acted on.
    pub known: Known,
}

/// What a believed release means for the box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is what runs.
    NothingNew,
    /// It can be installed.
    Offer(Offer),
}

/// A release that can be installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Its version.
    pub version: Version,
    /// The names of those who signed it.
    pub signed_by: Vec<String>,
    /// Why it is not installed by itself, but only when the owner insists; `None` when it may be.
    pub set_aside: Option<SetAside>,
}

/// Decides.
///
/// # Errors
/// The first rule that the release breaks. Nothing is to be stored then.
pub fn judge(case: &Case<'_>) -> Result<Judgement, Refusal> {
    let Case { manifest, known, board, .. } = *case;
    let clock = known.clock(board.built, case.system_time, case.synchronised);
    let signed_by = signatures(case, &clock)?;
    for_this_box(manifest, board)?;
    time(manifest, known, &clock)?;
    not_back(manifest, known, board)?;
    fits(manifest, board.room)?;
    let verdict = if manifest.version == board.installed {
        Verdict::NothingNew
    } else {
        let set_aside = known.set_aside.get(&manifest.version).cloned();
        Verdict::Offer(Offer { version: manifest.version.clone(), signed_by, set_aside })
    };
    Ok(Judgement { verdict, known: remembered(manifest, known) })
}

/// Enough of the signers of a list that is current; the list that the release counts on, or a newer one.
fn signatures(case: &Case<'_>, clock: &Clock) -> Result<Vec<String>, Refusal> {
    let signers = case.signers.ok_or(Refusal::SignersMissing)?;
    clock.check(signers.expires()).map_err(|refusal| match refusal {
        Refusal::Expired { expires } => Refusal::SignersExpired { expires },
        other => other,
    })?;
    let signed_by = count(signers, case.signatures)?;
    if case.manifest.signers > signers.version() {
        return Err(Refusal::SignersBehind { needed: case.manifest.signers, known: signers.version() });
    }
    Ok(signed_by)
}

fn for_this_box(manifest: &Manifest, board: &BoardFacts) -> Result<(), Refusal> {
    if manifest.board != board.board {
        return Err(Refusal::OtherBoard { expected: board.board.clone(), found: manifest.board.clone() });
    }
    if manifest.channel != board.channel {
        return Err(Refusal::OtherChannel {
            expected: board.channel.clone(),
            found: manifest.channel.clone(),
        });
    }
    Ok(())
}

/// Neither expired, nor signed before what was seen of the channel (a replay), nor after today.
fn time(manifest: &Manifest, known: &Known, clock: &Clock) -> Result<(), Refusal> {
    clock.check(manifest.expires)?;
    let signed = manifest.signed;
    if clock.synchronised && signed.duration_since(clock.now()) > SIGNER_AHEAD {
        return Err(Refusal::SignedInFuture { signed });
    }
    match known.channels.get(&manifest.channel) {
        Some(seen) if signed < seen.signed => Err(Refusal::Replayed { signed, newest: seen.signed }),
        _ => Ok(()),
    }
}

/// Neither an older epoch, nor an older version than was seen of the channel or is installed; and not over
/// a version that it cannot be installed over.
fn not_back(manifest: &Manifest, known: &Known, board: &BoardFacts) -> Result<(), Refusal> {
    let found = || manifest.version.clone();
    if manifest.epoch < known.highest_epoch {
        return Err(Refusal::OlderEpoch { found: manifest.epoch, highest: known.highest_epoch });
    }
    if manifest.version < board.installed {
        return Err(Refusal::OlderVersion { found: found(), installed: board.installed.clone() });
    }
    if let Some(seen) = known.channels.get(&manifest.channel)
        && manifest.version < seen.version
    {
        return Err(Refusal::OlderThanSeen { found: found(), seen: seen.version.clone() });
    }
    if board.installed < manifest.minimum_version {
        return Err(Refusal::NeedsVersion { found: found(), minimum: manifest.minimum_version.clone() });
    }
    Ok(())
}

fn fits(manifest: &Manifest, room: Room) -> Result<(), Refusal> {
    for kind in PartKind::ALL {
        let size = manifest.part(kind).image.size;
        let room = match kind {
            PartKind::Root => room.root,
            PartKind::Verity => room.verity,
            PartKind::Uki => room.uki,
        };
        if size > room {
            return Err(Refusal::PartTooLarge { part: kind.name(), size, room });
        }
    }
    Ok(())
}

fn remembered(manifest: &Manifest, known: &Known) -> Known {
    let mut known = known.clone();
    known.highest_epoch = known.highest_epoch.max(manifest.epoch);
    let seen = ChannelSeen { version: manifest.version.clone(), signed: manifest.signed };
    known.channels.insert(manifest.channel.clone(), seen);
    known
}
