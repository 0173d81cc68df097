//! An installation: a conversation with the service, which writes the slot, and does nothing else of it.
//!
//! The order is [`Installation`]'s, and each step is on the disk before the next one begins. As long as the
//! conversation lasts, its lock is held. Whenever it ends early, the slot has no entry: the service was told
//! of no step whose end it has not seen.
//!
//! Limits: the service can write to the slot as long as it keeps the descriptors, so also after the slot was
//! read back. It would harm nobody but the box's own update: the kernel checks each block against the root
//! hash that the signed kernel image carries, and the version would give way to the one before.

mod kernel_copy;
mod slot_files;
mod steps;

use std::os::fd::{AsFd, OwnedFd};

use ota_client::slot_keeper::protocol::{Answer, Request, code};
use ota_client::slot_keeper::{Connection, WireError};
use ota_client::source::Evidence;
use ota_core::identifier::Identifier;
use ota_core::manifest::Manifest;
use ota_core::slots::{Action, Installation, OutOfTurn};
use ota_core::trust::{SetAside, Verdict};

use crate::believe;
use crate::failure::Failure;
use crate::keeper::{Keeper, ON_TRIAL};
use crate::run_files;
use crate::store::Store;
use kernel_copy::KernelCopy;
use slot_files::SlotFiles;
use steps::Steps;

/// Holds the conversation from its request on. The last answer is left to whoever called.
///
/// # Errors
/// Why the release is not installed.
pub(crate) fn converse(
    keeper: &Keeper<'_>,
    connection: &mut Connection,
    channel: Identifier,
    evidence: Evidence,
    insist: bool,
) -> Result<Answer, Failure> {
    let _lock = run_files::lock(keeper.places)?.ok_or_else(Failure::busy)?;
    let machine = keeper.look()?;
    let store = keeper.store()?;
    let esp = keeper.esp(&machine)?;
    if keeper.may_give_way(&machine, machine.other_start(esp.loader()?.as_ref())?) {
        return Err(Failure::refused(code::NOT_NOW, ON_TRIAL));
    }
    let room = machine.room(&esp)?;
    let checked = believe::check(keeper, &machine, &store, room, channel, evidence)?;
    let manifest = checked.manifest;
    offered(&store, &manifest, &checked.verdict, insist)?;
    let mut turn = Turn(Installation::begin(&machine.slots, &manifest.version)?);
    let mut steps = Steps { keeper, machine: &machine, store: &store, esp, manifest: &manifest };
    turn.take(Action::Forget, || steps.forget())?;
    turn.take(Action::LabelEmpty, || steps.label_empty())?;
    let slot = SlotFiles::open(&machine)?;
    let kernel_image = written(connection, &slot)?;
    turn.take(Action::WriteRoot, || Ok(()))?;
    turn.take(Action::WriteVerity, || Ok(()))?;
    let kernel_image = KernelCopy::take(keeper.places, kernel_image, &manifest)?;
    let mut told = |step| {
        connection.send(&Answer::Step { step }, &[]).map_err(|error| match error {
            WireError::Ended => Failure::Gone,
            error => anyhow::Error::new(error).into(),
        })
    };
    told(Action::VerifyReadBack)?;
    turn.take(Action::VerifyReadBack, || steps.verify(&slot, &kernel_image))?;
    told(Action::SetIdentity)?;
    turn.take(Action::SetIdentity, || steps.set_identity())?;
    told(Action::StageKernel)?;
    turn.take(Action::StageKernel, || steps.stage(&kernel_image))?;
    told(Action::Arm)?;
    let mut tryboot = false;
    turn.take(Action::Arm, || {
        tryboot = steps.arm()?;
        Ok(())
    })?;
    Ok(Answer::Armed { tryboot })
}

/// Whether a believed release is installed now.
fn offered(store: &Store, manifest: &Manifest, verdict: &Verdict, insist: bool) -> Result<(), Failure> {
    let Verdict::Offer(offer) = verdict else {
        return Err(Failure::refused(code::NOTHING_NEW, "This version is running already."));
    };
    let Some(why) = &offer.set_aside else { return Ok(()) };
    if !insist {
        return Err(Failure::refused(code::SET_ASIDE, refusal_of(why)));
    }
    let mut known = store.known()?;
    known.take_up(&manifest.version);
    store.keep_known(&known).map_err(|error| anyhow::Error::new(error).context("cannot take it up again"))?;
    Ok(())
}

fn refusal_of(why: &SetAside) -> String {
    format!("This version is not installed by itself: {}", believe::in_words(why))
}

/// Hands the slot over, and waits until it is written. The answer may take as long as a download does.
fn written(connection: &mut Connection, slot: &SlotFiles) -> Result<OwnedFd, Failure> {
    let failed = |error: WireError| match error {
        WireError::Ended => Failure::Gone,
        WireError::Strange(_) | WireError::TooLong | WireError::TooManyDescriptors => bad_request(),
        error => anyhow::Error::new(error).into(),
    };
    connection.send(&Answer::Opened {}, &[slot.root.as_fd(), slot.verity.as_fd()]).map_err(failed)?;
    connection.bound_reading(None).map_err(failed)?;
    let (request, descriptors) = connection.receive::<Request>().map_err(failed)?.ok_or(Failure::Gone)?;
    match (request, <[OwnedFd; 1]>::try_from(descriptors)) {
        (Request::Written {}, Ok([kernel_image])) => Ok(kernel_image),
        _ => Err(bad_request()),
    }
}

fn bad_request() -> Failure {
    Failure::refused(code::BAD_REQUEST, "It is to be said that the slot is written, with the kernel image.")
}

/// The installation, which takes no step out of its turn.
struct Turn(Installation);

impl Turn {
    fn take(&mut self, action: Action, act: impl FnOnce() -> Result<(), Failure>) -> Result<(), Failure> {
        if self.0.next() != Some(action) {
            return Err(anyhow::Error::new(OutOfTurn(action)).into());
        }
        act()?;
        Ok(self.0.done(action).map_err(anyhow::Error::new)?)
    }
}
