//! The epoch counter in the TPM: what survives, what is finished, and what is refused.

use hal_api::{EpochCounter, HalErrorKind};
use hal_tpm::{EPOCH_BASE, EPOCH_COUNTER, NvEpochCounter, OpenError};
use tss_esapi::Context;
use tss_esapi::attributes::{NvIndexAttributes, SessionAttributesBuilder};
use tss_esapi::constants::{NvIndexType, SessionType};
use tss_esapi::handles::{AuthHandle, NvIndexHandle, NvIndexTpmHandle, SessionHandle, TpmHandle};
use tss_esapi::interface_types::algorithm::HashingAlgorithm;
use tss_esapi::interface_types::resource_handles::{NvAuth, Provision};
use tss_esapi::interface_types::session_handles::{AuthSession, PolicySession};
use tss_esapi::structures::{Auth, Digest, MaxNvBuffer, NvPublic, SymmetricDefinition};

use crate::Machine;

fn counter(machine: &Machine) -> NvEpochCounter {
    NvEpochCounter::open(machine.swtpm.tcti()).unwrap()
}

/// The TPM, used by somebody else than the adapter.
fn context(machine: &Machine) -> Context {
    Context::new(machine.swtpm.tcti().parse().unwrap()).unwrap()
}

fn by_password<T>(
    context: &mut Context,
    step: impl FnOnce(&mut Context) -> tss_esapi::Result<T>,
) -> tss_esapi::Result<T> {
    context.execute_with_session(Some(AuthSession::Password), step)
}

/// TPM2_PolicyNvWritten(NO) in a session of this kind.
fn policy_session(context: &mut Context, kind: SessionType) -> AuthSession {
    let started = context.execute_without_session(|context| {
        let none = SymmetricDefinition::Null;
        context.start_auth_session(None, None, None, kind, none, HashingAlgorithm::Sha256)
    });
    let session = started.unwrap().unwrap();
    let (attributes, mask) = SessionAttributesBuilder::new().with_continue_session(true).build();
    context.tr_sess_set_attributes(session, attributes, mask).unwrap();
    context.policy_nv_written(PolicySession::try_from(session).unwrap(), false).unwrap();
    session
}

fn policy(context: &mut Context) -> Digest {
    let session = policy_session(context, SessionType::Trial);
    let digest = context.policy_get_digest(PolicySession::try_from(session).unwrap()).unwrap();
    context.flush_context(SessionHandle::from(session).into()).unwrap();
    digest
}

/// Defines an index as the adapter does.
fn define(context: &mut Context, index: u32) -> NvIndexHandle {
    let counts = index == EPOCH_COUNTER;
    let attributes = NvIndexAttributes::builder()
        .with_nv_index_type(if counts { NvIndexType::Counter } else { NvIndexType::Ordinary })
        .with_policy_write(true)
        .with_auth_write(counts)
        .with_auth_read(true)
        .with_owner_read(true)
        .with_no_da(true)
        .build()
        .unwrap();
    let public = NvPublic::builder()
        .with_nv_index(NvIndexTpmHandle::new(index).unwrap())
        .with_index_name_algorithm(HashingAlgorithm::Sha256)
        .with_index_attributes(attributes)
        .with_index_auth_policy(policy(context))
        .with_data_area_size(8)
        .build()
        .unwrap();
    by_password(context, |context| context.nv_define_space(Provision::Owner, None, public)).unwrap()
}

fn find(context: &mut Context, index: u32) -> NvIndexHandle {
    let number = TpmHandle::NvIndex(NvIndexTpmHandle::new(index).unwrap());
    context.execute_without_session(|context| context.tr_from_tpm_public(number)).unwrap().into()
}

#[test]
fn the_epoch_counter_passes_the_conformance_suite() {
    let Some(machine) = Machine::start("the_epoch_counter_passes_the_conformance_suite") else { return };
    let mut machine = Some(machine);
    hal_conformance::epochs::run(&mut || {
        // Every time after a restart of the TPM.
        let restarted = machine.take().unwrap().restart();
        let opened = counter(&restarted);
        machine = Some(restarted);
        Box::new(opened)
    });
}

#[test]
fn whatever_a_power_cut_left_of_its_making_is_epoch_0_and_is_finished() {
    let Some(machine) = Machine::start("whatever_a_power_cut_left") else { return };
    drop(machine);
    for steps in 0..=3 {
        let machine = Machine::start("whatever_a_power_cut_left").unwrap();
        let mut tpm = context(&machine);
        if steps > 0 {
            let index = define(&mut tpm, EPOCH_COUNTER);
            if steps > 1 {
                let session = policy_session(&mut tpm, SessionType::Policy);
                tpm.execute_with_session(Some(session), |tpm| {
                    tpm.nv_increment(NvAuth::NvIndex(index), index)
                })
                .unwrap();
                tpm.flush_context(SessionHandle::from(session).into()).unwrap();
            }
        }
        if steps > 2 {
            define(&mut tpm, EPOCH_BASE);
        }
        drop(tpm);
        let machine = machine.restart();
        assert_eq!(counter(&machine).read().unwrap(), 0, "after {steps} steps");
        counter(&machine).raise_to(2).unwrap();
        assert_eq!(counter(&machine.restart()).read().unwrap(), 2, "after {steps} steps");
    }
}

#[test]
fn many_who_begin_at_once_make_one_counter() {
    let Some(machine) = Machine::start("many_who_begin_at_once_make_one_counter") else { return };
    std::thread::scope(|scope| {
        for epoch in [1, 3, 3, 2] {
            let machine = &machine;
            scope.spawn(move || counter(machine).raise_to(epoch).unwrap());
        }
    });
    assert_eq!(counter(&machine).read().unwrap(), 3);
}

#[test]
fn the_base_is_written_once_and_a_counter_that_was_removed_does_not_go_back() {
    let Some(machine) = Machine::start("the_base_is_written_once") else { return };
    counter(&machine).raise_to(4).unwrap();
    let mut tpm = context(&machine);
    let base = find(&mut tpm, EPOCH_BASE);
    let zero = MaxNvBuffer::try_from(vec![0; 8]).unwrap();
    for auth in [NvAuth::NvIndex(base), NvAuth::Owner] {
        let zero = zero.clone();
        by_password(&mut tpm, |tpm| tpm.nv_write(auth, base, zero, 0)).unwrap_err();
    }
    let session = policy_session(&mut tpm, SessionType::Policy);
    tpm.execute_with_session(Some(session), |tpm| tpm.nv_write(NvAuth::NvIndex(base), base, zero, 0))
        .unwrap_err();
    tpm.flush_context(SessionHandle::from(session).into()).unwrap();
    // Made anew, it begins above what it was: with the base that is left, the epoch is higher, not lower.
    let index = find(&mut tpm, EPOCH_COUNTER);
    by_password(&mut tpm, |tpm| tpm.nv_undefine_space(Provision::Owner, index)).unwrap();
    let index = define(&mut tpm, EPOCH_COUNTER);
    by_password(&mut tpm, |tpm| tpm.nv_increment(NvAuth::NvIndex(index), index)).unwrap();
    drop(tpm);
    assert!(counter(&machine).read().unwrap() >= 4);
}

#[test]
fn with_an_owner_password_it_cannot_be_made_and_one_that_is_made_counts_on() {
    let Some(machine) = Machine::start("with_an_owner_password") else { return };
    let set_password = |password: &str, new: &str| {
        let mut tpm = context(&machine);
        tpm.tr_set_auth(AuthHandle::Owner.into(), Auth::try_from(password.as_bytes()).unwrap()).unwrap();
        by_password(&mut tpm, |tpm| {
            tpm.hierarchy_change_auth(AuthHandle::Owner, Auth::try_from(new.as_bytes()).unwrap())
        })
        .unwrap();
    };
    set_password("", "mine");
    assert_eq!(counter(&machine).read().unwrap(), 0);
    let refused = counter(&machine).raise_to(1).unwrap_err();
    assert_eq!(refused.kind, HalErrorKind::PinIncorrect, "{refused:?}");
    set_password("mine", "");
    counter(&machine).raise_to(1).unwrap();
    set_password("", "mine");
    counter(&machine).raise_to(2).unwrap();
    assert_eq!(counter(&machine).read().unwrap(), 2);
}

#[test]
fn an_index_that_is_somebody_elses_is_left_alone() {
    let Some(machine) = Machine::start("an_index_that_is_somebody_elses") else { return };
    let mut tpm = context(&machine);
    let attributes =
        NvIndexAttributes::builder().with_owner_write(true).with_owner_read(true).build().unwrap();
    let public = NvPublic::builder()
        .with_nv_index(NvIndexTpmHandle::new(EPOCH_COUNTER).unwrap())
        .with_index_name_algorithm(HashingAlgorithm::Sha256)
        .with_index_attributes(attributes)
        .with_data_area_size(8)
        .build()
        .unwrap();
    by_password(&mut tpm, |tpm| tpm.nv_define_space(Provision::Owner, None, public)).unwrap();
    drop(tpm);
    let counter = counter(&machine);
    assert_eq!(counter.read().unwrap_err().kind, HalErrorKind::Unsupported);
    assert_eq!(counter.raise_to(1).unwrap_err().kind, HalErrorKind::Unsupported);
}

#[test]
fn opening_tells_its_failures_apart() {
    let error = |tcti: &str| NvEpochCounter::open(tcti).map(drop).unwrap_err();
    assert!(matches!(error("nonsense"), OpenError::Tcti { .. }));
    assert!(matches!(error("device:/nonexistent/tpmrm0"), OpenError::Connect { .. }));
}
