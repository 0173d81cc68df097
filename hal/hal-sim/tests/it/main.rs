//! The simulator against the conformance suite, and its fault plan.

use std::time::{Duration, Instant};

use hal_api::{
    HalErrorKind, KeyAlgorithm, KeyId, KeySpec, SealPolicy, SignRequest, SignatureScheme, TokenHealth,
};
use hal_sim::{Fault, Operation};

fn spec(id: u8) -> KeySpec {
    KeySpec { id: KeyId([id; 16]), algorithm: KeyAlgorithm::P256, label: "test".into() }
}

fn request(id: u8) -> SignRequest {
    SignRequest { key: KeyId([id; 16]), scheme: SignatureScheme::EcdsaSha256, payload: vec![1; 32] }
}

#[test]
fn passes_the_conformance_suite() {
    let (_, sim) = hal_sim::open("sim");
    let extend = |pcr| sim.extend_pcr(pcr, b"measured");
    hal_conformance::run(&hal_conformance::Subject { open: &|| sim.token(), extend_pcr: Some(&extend) });
}

#[test]
fn the_epoch_counter_passes_the_conformance_suite() {
    let counter = hal_sim::SimEpochCounter::new();
    hal_conformance::epochs::run(&mut || Box::new(counter.clone()));
}

#[test]
fn a_planned_fault_strikes_once_and_only_its_operation() {
    let (token, sim) = hal_sim::open("sim");
    token.keys.generate(&spec(1)).unwrap();
    sim.fail_next(Operation::Sign, Fault::Kind(HalErrorKind::Busy));
    sim.fail_next(Operation::Sign, Fault::Kind(HalErrorKind::PinLocked));
    token.keys.list().unwrap();
    assert_eq!(token.signer.sign(&request(1)).unwrap_err().kind, HalErrorKind::Busy);
    assert_eq!(token.signer.sign(&request(1)).unwrap_err().kind, HalErrorKind::PinLocked);
    token.signer.sign(&request(1)).unwrap();
}

#[test]
fn a_token_pulled_out_midway_stays_gone_until_it_is_plugged_in() {
    let (token, sim) = hal_sim::open("sim");
    sim.fail_next(Operation::Generate, Fault::RemovedMidway);
    assert_eq!(token.keys.generate(&spec(1)).unwrap_err().kind, HalErrorKind::Removed);
    assert_eq!(token.keys.list().unwrap_err().kind, HalErrorKind::Removed);
    assert!(matches!(token.probe.health(), TokenHealth::Failing { .. }));
    sim.plug_in();
    assert!(token.keys.list().unwrap().is_empty(), "a failed generation leaves nothing");
}

#[test]
fn a_lost_answer_did_the_work() {
    let (token, sim) = hal_sim::open("sim");
    sim.fail_next(Operation::Generate, Fault::AnswerLost);
    assert_eq!(token.keys.generate(&spec(1)).unwrap_err().kind, HalErrorKind::Timeout);
    assert_eq!(token.keys.list().unwrap().len(), 1);
}

#[test]
fn a_fault_for_always_ends_when_cleared() {
    let (token, sim) = hal_sim::open("sim");
    sim.fail_always(Operation::Any, Fault::Kind(HalErrorKind::Full));
    for _ in 0..3 {
        assert_eq!(token.keys.generate(&spec(1)).unwrap_err().kind, HalErrorKind::Full);
    }
    sim.clear_faults();
    token.keys.generate(&spec(1)).unwrap();
}

#[test]
fn held_calls_wait_and_then_go_on() {
    let (token, sim) = hal_sim::open("sim");
    token.keys.generate(&spec(1)).unwrap();
    let hold = sim.hold(Operation::Sign);
    std::thread::scope(|scope| {
        let calls: Vec<_> = (0..3).map(|_| scope.spawn(|| token.signer.sign(&request(1)))).collect();
        hold.wait_for(3);
        assert!(calls.iter().all(|call| !call.is_finished()));
        token.keys.list().unwrap();
        drop(hold);
        for call in calls {
            call.join().unwrap().unwrap();
        }
    });
}

#[test]
fn a_slow_call_takes_its_time_and_succeeds() {
    let (token, sim) = hal_sim::open("sim");
    let delay = Duration::from_millis(20);
    sim.fail_next(Operation::Generate, Fault::Slow(delay));
    let begin = Instant::now();
    token.keys.generate(&spec(1)).unwrap();
    assert!(begin.elapsed() >= delay);
}

#[test]
fn two_simulators_do_not_open_each_other_s_secrets() {
    let (one, _) = hal_sim::open("one");
    let (two, _) = hal_sim::open("two");
    let sealed = one.sealer.unwrap().seal(b"secret", &SealPolicy::default()).unwrap();
    assert_eq!(two.sealer.unwrap().unseal(&sealed).unwrap_err().kind, HalErrorKind::PolicyMismatch);
}
