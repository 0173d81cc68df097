//! The security epoch in the TPM's own memory (TPM 2.0 part 1, section 37; part 3, section 31).
//!
//! # Design
//!
//! Two NV indices of the owner hierarchy:
//!
//! - [`COUNTER`] counts (`TPM_NT_COUNTER`). A TPM begins such a counter above the highest value that any of its
//!   counters ever had, so a counter that was removed and made anew does not go back either.
//! - [`BASE`] holds the value with which it began, and is written once. The epoch is the difference.
//!
//! "Once" is the TPM's own rule: the policy of both indices is `TPM2_PolicyNvWritten(NO)`, which holds as long as
//! nothing was written. The base has no other way to be written, and the first count is made that way. So each
//! step of making them happens once, whoever else is at it and wherever the power goes: what is half made counts
//! as epoch 0, and the next [`raise_to`](EpochCounter::raise_to) finishes it. The base is written before the
//! first epoch is counted.
//!
//! Both have an empty authorisation value, so that counting goes on when somebody sets a password for the owner
//! hierarchy; making them does not. Neither takes part in dictionary-attack lockout.
//!
//! Each call connects and disconnects: the counter is asked for a few times in the life of a process.
//!
//! # Limits
//!
//! - Who may use the TPM and knows the owner's password, which is empty in the box, can remove both indices, and
//!   can count. `TPM2_Clear` removes them too, and with them the key of the data partition.
//! - Two processes that raise it to the same epoch at once would count twice. A lock on the TPM's device node
//!   prevents that for this adapter, where the TPM has one (`device:/dev/tpmrm0`).

use std::fs::File;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use hal_api::{EpochCounter, HalError, HalErrorKind, HalResult, MAX_STEP};
use nix::fcntl::{Flock, FlockArg};
use tss_esapi::attributes::{NvIndexAttributes, SessionAttributesBuilder};
use tss_esapi::constants::response_code::Tss2ResponseCodeKind;
use tss_esapi::constants::{CapabilityType, NvIndexType, SessionType};
use tss_esapi::handles::{NvIndexHandle, NvIndexTpmHandle, SessionHandle, TpmHandle};
use tss_esapi::interface_types::algorithm::HashingAlgorithm;
use tss_esapi::interface_types::resource_handles::{NvAuth, Provision};
use tss_esapi::interface_types::session_handles::{AuthSession, PolicySession};
use tss_esapi::structures::{CapabilityData, Digest, MaxNvBuffer, NvPublic, SymmetricDefinition};
use tss_esapi::tcti_ldr::TctiNameConf;
use tss_esapi::{Context, Error, WrapperErrorKind};

use crate::config::OpenError;
use crate::connection::Connection;
use crate::error_map::{hal_error, kind_of};

/// The index that counts. Owners may take any from 0x01800000 to 0x01BFFFFF (TCG Registry of Reserved TPM 2.0
/// Handles, section 2.2.2). systemd takes random ones there for pcrlock, and never one that is taken.
pub const COUNTER: u32 = 0x0185_A590;
/// The index with the counter's first value.
pub const BASE: u32 = 0x0185_A591;

/// Both hold a number of 64 bits, big endian.
const SIZE: u16 = 8;

/// In this process; between processes the device is locked.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// [`EpochCounter`] over a TPM.
#[derive(Debug)]
pub struct NvEpochCounter {
    text: String,
    tcti: TctiNameConf,
}

/// What became of an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Index {
    Missing,
    Unwritten(NvIndexHandle),
    Written(NvIndexHandle),
}

impl NvEpochCounter {
    /// The counter of the TPM at this TCTI (see [`crate::TpmConfig::tcti`]), which answers. Makes nothing yet.
    ///
    /// # Errors
    /// [`OpenError::Tcti`] and [`OpenError::Connect`].
    pub fn open(tcti: impl Into<String>) -> Result<Self, OpenError> {
        let text = tcti.into();
        let parsed =
            Connection::tcti(&text).map_err(|source| OpenError::Tcti { tcti: text.clone(), source })?;
        let _here = alone();
        match Context::new(parsed.clone()) {
            Ok(_) => Ok(Self { text, tcti: parsed }),
            Err(source) => Err(OpenError::Connect { tcti: text, source }),
        }
    }

    /// Runs a step with the TPM, with nobody else of this adapter beside it.
    fn alone<T>(
        &self,
        operation: &str,
        step: impl FnOnce(&mut Context) -> Result<T, StepError>,
    ) -> HalResult<T> {
        let _here = alone();
        let _anywhere = self.lock_device(operation)?;
        let mut context = Context::new(self.tcti.clone()).map_err(|error| hal_error(operation, error))?;
        step(&mut context).map_err(|error| error.of(operation))
    }

    /// A resource manager's node can be opened beside the one that talks to the TPM; the bare TPM's cannot.
    fn lock_device(&self, operation: &str) -> HalResult<Option<Flock<File>>> {
        let Some(path) = self.text.strip_prefix("device:").filter(|path| path.contains("tpmrm")) else {
            return Ok(None);
        };
        let told = |source| HalError::with_source(HalErrorKind::Removed, operation, source);
        let file = File::open(Path::new(path)).map_err(told)?;
        let locked = Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, error)| told(error.into()))?;
        Ok(Some(locked))
    }
}

impl EpochCounter for NvEpochCounter {
    fn read(&self) -> HalResult<u64> {
        self.alone("read the security epoch from the TPM", |context| Ok(read(context)?.unwrap_or(0)))
    }

    fn raise_to(&self, epoch: u64) -> HalResult<()> {
        let operation = format!("raise the security epoch in the TPM to {epoch}");
        self.alone(&operation, |context| {
            let mut now = read(context)?;
            if now.unwrap_or(0) >= epoch {
                return Ok(());
            }
            if epoch - now.unwrap_or(0) > MAX_STEP {
                return Err(HalErrorKind::InvalidInput.into());
            }
            if now.is_none() {
                make(context)?;
                now = read(context)?;
            }
            let Index::Written(counter) = find(context, COUNTER)? else { return Err(vanished()) };
            for _ in now.ok_or_else(vanished)?..epoch {
                increment(context, counter)?;
            }
            match read(context)? {
                Some(reached) if reached >= epoch => Ok(()),
                _ => Err(vanished()),
            }
        })
    }
}

/// Why a step failed.
enum StepError {
    Tpm(Error),
    Port(HalErrorKind),
}

impl StepError {
    fn of(self, operation: &str) -> HalError {
        match self {
            Self::Tpm(error) => hal_error(operation, error),
            Self::Port(kind) => HalError::new(kind, operation),
        }
    }
}

impl From<Error> for StepError {
    fn from(error: Error) -> Self {
        Self::Tpm(error)
    }
}

impl From<HalErrorKind> for StepError {
    fn from(kind: HalErrorKind) -> Self {
        Self::Port(kind)
    }
}

/// Somebody removed an index meanwhile.
fn vanished() -> StepError {
    HalErrorKind::Device.into()
}

/// The epoch; nothing as long as the indices are not made to the end.
fn read(context: &mut Context) -> Result<Option<u64>, StepError> {
    let (Index::Written(counter), Index::Written(base)) = (find(context, COUNTER)?, find(context, BASE)?)
    else {
        return Ok(None);
    };
    let base = value(context, base)?;
    match value(context, counter)?.checked_sub(base) {
        Some(epoch) => Ok(Some(epoch)),
        // A base above the counter is none that this adapter wrote.
        None => Err(HalErrorKind::Unsupported.into()),
    }
}

/// Makes what is missing, step by step; each is made once.
fn make(context: &mut Context) -> Result<(), StepError> {
    if find(context, COUNTER)? == Index::Missing {
        define(context, COUNTER)?;
    }
    if let Index::Unwritten(counter) = find(context, COUNTER)? {
        while_unwritten(context, |context, session| {
            context.execute_with_session(Some(session), |context| {
                context.nv_increment(NvAuth::NvIndex(counter), counter)
            })
        })?;
    }
    let Index::Written(counter) = find(context, COUNTER)? else { return Err(vanished()) };
    if find(context, BASE)? == Index::Missing {
        define(context, BASE)?;
    }
    if let Index::Unwritten(base) = find(context, BASE)? {
        let first = value(context, counter)?.to_be_bytes().to_vec();
        let first = MaxNvBuffer::try_from(first)?;
        while_unwritten(context, |context, session| {
            context.execute_with_session(Some(session), |context| {
                context.nv_write(NvAuth::NvIndex(base), base, first, 0)
            })
        })?;
    }
    Ok(())
}

/// Looks for an index. One that is not as this adapter makes it belongs to somebody else.
fn find(context: &mut Context, index: u32) -> Result<Index, StepError> {
    let number = NvIndexTpmHandle::new(index)?;
    let asked = context
        .execute_without_session(|context| context.get_capability(CapabilityType::Handles, index, 1))?;
    let (CapabilityData::Handles(handles), _) = asked else {
        return Err(Error::WrapperError(WrapperErrorKind::WrongValueFromTpm).into());
    };
    if handles.iter().all(|handle| *handle != TpmHandle::NvIndex(number)) {
        return Ok(Index::Missing);
    }
    let handle =
        context.execute_without_session(|context| context.tr_from_tpm_public(TpmHandle::NvIndex(number)))?;
    let handle = NvIndexHandle::from(handle);
    let (public, _) = context.execute_without_session(|context| context.nv_read_public(handle))?;
    let written = public.attributes().written();
    if public != template(index, policy(context)?, written)? {
        return Err(HalErrorKind::Unsupported.into());
    }
    Ok(if written { Index::Written(handle) } else { Index::Unwritten(handle) })
}

fn template(index: u32, policy: Digest, written: bool) -> Result<NvPublic, Error> {
    let counts = index == COUNTER;
    let attributes = NvIndexAttributes::builder()
        .with_nv_index_type(if counts { NvIndexType::Counter } else { NvIndexType::Ordinary })
        // The first write of either; and the only one of the base.
        .with_policy_write(true)
        .with_auth_write(counts)
        .with_auth_read(true)
        .with_owner_read(true)
        .with_no_da(true)
        .with_written(written)
        .build()?;
    NvPublic::builder()
        .with_nv_index(NvIndexTpmHandle::new(index)?)
        .with_index_name_algorithm(HashingAlgorithm::Sha256)
        .with_index_attributes(attributes)
        .with_index_auth_policy(policy)
        .with_data_area_size(SIZE.into())
        .build()
}

fn define(context: &mut Context, index: u32) -> Result<(), StepError> {
    let public = template(index, policy(context)?, false)?;
    let made = context.execute_with_session(Some(AuthSession::Password), |context| {
        context.nv_define_space(Provision::Owner, None, public)
    });
    match made {
        Ok(_) => Ok(()),
        // Somebody else was quicker.
        Err(error) if is(&error, Tss2ResponseCodeKind::NvDefined) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn increment(context: &mut Context, counter: NvIndexHandle) -> Result<(), Error> {
    context.execute_with_session(Some(AuthSession::Password), |context| {
        context.nv_increment(NvAuth::NvIndex(counter), counter)
    })
}

fn value(context: &mut Context, index: NvIndexHandle) -> Result<u64, Error> {
    let bytes = context.execute_with_session(Some(AuthSession::Password), |context| {
        context.nv_read(NvAuth::NvIndex(index), index, SIZE, 0)
    })?;
    let bytes = <[u8; 8]>::try_from(bytes.value());
    bytes.map(u64::from_be_bytes).map_err(|_| Error::WrapperError(WrapperErrorKind::WrongValueFromTpm))
}

/// Writes under the policy that nothing was written yet. That somebody else did meanwhile is as good.
fn while_unwritten(
    context: &mut Context,
    write: impl FnOnce(&mut Context, AuthSession) -> Result<(), Error>,
) -> Result<(), StepError> {
    let wrote = in_policy(context, SessionType::Policy, write);
    match wrote {
        Err(error) if kind_of(&error) == HalErrorKind::PolicyMismatch => Ok(()),
        other => other.map_err(Into::into),
    }
}

/// The digest of "nothing was written yet".
fn policy(context: &mut Context) -> Result<Digest, Error> {
    in_policy(context, SessionType::Trial, |context, session| {
        context.policy_get_digest(PolicySession::try_from(session)?)
    })
}

/// Runs a step in a session in which that policy was given.
fn in_policy<T>(
    context: &mut Context,
    kind: SessionType,
    step: impl FnOnce(&mut Context, AuthSession) -> Result<T, Error>,
) -> Result<T, Error> {
    let session = context
        .execute_without_session(|context| {
            let none = SymmetricDefinition::Null;
            context.start_auth_session(None, None, None, kind, none, HashingAlgorithm::Sha256)
        })?
        .ok_or(Error::WrapperError(WrapperErrorKind::WrongValueFromTpm))?;
    let (attributes, mask) = SessionAttributesBuilder::new().with_continue_session(true).build();
    let result = context
        .tr_sess_set_attributes(session, attributes, mask)
        .and_then(|()| context.policy_nv_written(PolicySession::try_from(session)?, false))
        .and_then(|()| step(context, session));
    let flushed = context.flush_context(SessionHandle::from(session).into());
    let value = result?;
    flushed.map(|()| value)
}

fn is(error: &Error, kind: Tss2ResponseCodeKind) -> bool {
    matches!(error, Error::Tss2Error(code) if code.kind() == Some(kind))
}
