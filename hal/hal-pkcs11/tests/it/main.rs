//! The adapter against real SoftHSM.
//!
//! SoftHSM takes its configuration from the environment and PKCS#11 has one state per process, so each
//! test runs itself again as a process of its own with a token folder of its own.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests say why they were skipped, and fail by panicking"
)]

mod isolated;

use std::error::Error as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cryptoki::context::Pkcs11;
use cryptoki::object::{Attribute, AttributeType, ObjectClass};
use cryptoki::session::UserType;
use cryptoki::types::AuthPin;
use hal_api::{
    HalError, HalErrorKind, KeyAlgorithm, KeyId, KeySpec, PinTries, SealPolicy, SignRequest, SignatureScheme,
    Token, TokenHealth,
};
use hal_pkcs11::{OpenError, Pkcs11Config, TokenModule};
use isolated::{PIN, SO_PIN, config, isolated, new_token};
use zeroize::Zeroizing;

fn spec(id: u8, algorithm: KeyAlgorithm) -> KeySpec {
    KeySpec { id: KeyId([id; 16]), algorithm, label: "test".into() }
}

fn request(id: u8) -> SignRequest {
    SignRequest { key: KeyId([id; 16]), scheme: SignatureScheme::EcdsaSha256, payload: vec![1; 32] }
}

fn open_error(config: Pkcs11Config) -> OpenError {
    hal_pkcs11::open(config).map(|_| ()).unwrap_err()
}

#[test]
fn passes_the_conformance_suite() {
    isolated("passes_the_conformance_suite", |module| {
        let open = || new_token(module, "conformance");
        let token = open();
        assert!(token.probe.capabilities().has_algorithm(KeyAlgorithm::Secp256k1));
        assert!(token.sealer.is_some());
        token.probe.close();
        hal_conformance::run(&hal_conformance::Subject { open: &open, extend_pcr: None });
    });
}

#[test]
fn opening_tells_its_failures_apart() {
    isolated("opening_tells_its_failures_apart", |module| {
        let missing = open_error(config(Path::new("/nonexistent/module.so"), "a"));
        assert!(matches!(missing, OpenError::ModuleMissing { .. }), "{missing:?}");
        assert!(missing.to_string().contains("/nonexistent/module.so"));
        assert_eq!(missing.kind(), HalErrorKind::NotFound);

        let not_loaded = open_error(config(&std::env::current_exe().unwrap(), "a"));
        assert!(matches!(not_loaded, OpenError::ModuleLoad { .. }), "{not_loaded:?}");

        let absent = open_error(config(module, "absent"));
        assert!(matches!(absent, OpenError::TokenNotFound { .. }), "{absent:?}");
        assert!(absent.to_string().contains("\"absent\""));

        new_token(module, "mine").probe.close();
        let mut wrong = config(module, "mine");
        wrong.pin = Zeroizing::new("987654321".into());
        let wrong = open_error(wrong);
        assert!(matches!(wrong, OpenError::PinIncorrect { .. }), "{wrong:?}");
        assert_eq!(wrong.kind(), HalErrorKind::PinIncorrect);
        assert!(wrong.to_string().contains("\"mine\"") && !format!("{wrong:?}").contains("987654321"));

        for label in ["", " padded", &"x".repeat(33)] {
            assert_eq!(open_error(config(module, label)).kind(), HalErrorKind::InvalidInput, "{label}");
        }
    });
}

#[test]
fn a_wrong_configuration_of_softhsm_is_named() {
    isolated("a_wrong_configuration_of_softhsm_is_named", |module| {
        let conf = std::env::var("SOFTHSM2_CONF").unwrap();
        let text = std::fs::read_to_string(&conf).unwrap();
        std::fs::write(&conf, text.replace("/tokens", "/absent")).unwrap();
        let error = open_error(config(module, "a"));
        assert!(matches!(error, OpenError::Initialise { .. }), "{error:?}");
    });
}

#[test]
fn a_token_is_made_only_when_asked_and_once() {
    isolated("a_token_is_made_only_when_asked_and_once", |module| {
        let first = new_token(module, "one");
        first.keys.generate(&spec(1, KeyAlgorithm::P256)).unwrap();
        let again = open_error(config(module, "one"));
        assert!(again.to_string().contains("opened the token already"), "{again}");
        let second = new_token(module, "two");
        assert!(second.keys.list().unwrap().is_empty(), "two tokens of one module are apart");
        first.probe.close();
        second.keys.generate(&spec(1, KeyAlgorithm::P256)).unwrap();
        let first = hal_pkcs11::open(config(module, "one")).unwrap();
        assert_eq!(first.keys.list().unwrap().len(), 1, "making is not repeated");
        let sealed = first.sealer.as_ref().unwrap().seal(b"secret", &SealPolicy::default()).unwrap();
        let other = second.sealer.as_ref().unwrap().unseal(&sealed);
        assert_eq!(other.unwrap_err().kind, HalErrorKind::PolicyMismatch, "no key there yet");
        second.sealer.as_ref().unwrap().seal(b"x", &SealPolicy::default()).unwrap();
        let other = second.sealer.as_ref().unwrap().unseal(&sealed);
        assert_eq!(other.unwrap_err().kind, HalErrorKind::PolicyMismatch, "another key");
        first.probe.close();
        second.probe.close();
    });
}

#[test]
fn a_busy_pool_says_so_in_bounded_time() {
    isolated("a_busy_pool_says_so_in_bounded_time", |module| {
        let mut config = config(module, "busy").create_if_missing(Zeroizing::new(SO_PIN.into()));
        config.max_sessions = 1;
        config.busy_wait = Duration::ZERO;
        let token = hal_pkcs11::open(config).unwrap();
        // One of the two finds the only session taken: making an RSA key holds it for many milliseconds.
        let seen = AtomicBool::new(false);
        let watch = |result: Result<(), HalError>| match result {
            Err(error) if error.kind == HalErrorKind::Busy => seen.store(true, Ordering::Relaxed),
            result => result.unwrap(),
        };
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for id in (0..=255).take_while(|_| !seen.load(Ordering::Relaxed)) {
                    watch(token.keys.generate(&spec(id, KeyAlgorithm::Rsa2048)).map(drop));
                }
            });
            for _ in (0..1_000_000).take_while(|_| !seen.load(Ordering::Relaxed)) {
                watch(token.keys.list().map(drop));
            }
        });
        assert!(seen.into_inner(), "the pool never said Busy");
        token.keys.list().expect("the session is back");
        token.probe.close();
    });
}

#[test]
fn a_login_that_others_ended_is_renewed() {
    isolated("a_login_that_others_ended_is_renewed", |module| {
        let token = new_token(module, "lost");
        token.keys.generate(&spec(1, KeyAlgorithm::P256)).unwrap();
        let module = Pkcs11::new(module).unwrap();
        let slot = module.get_slots_with_initialized_token().unwrap()[0];
        let log_out = || module.open_rw_session(slot).unwrap().logout().unwrap();
        for round in 0..3 {
            log_out();
            token.signer.sign(&request(1)).unwrap_or_else(|error| {
                panic!("round {round}: {error}: {:?}", error.source());
            });
        }
        log_out();
        assert_eq!(token.signer.sign(&request(9)).unwrap_err().kind, HalErrorKind::NotFound);
        log_out();
        token.keys.generate(&spec(2, KeyAlgorithm::P256)).unwrap();
        log_out();
        assert_eq!(token.keys.list().unwrap().len(), 2);
        log_out();
        assert_eq!(token.probe.health(), TokenHealth::Healthy);
        log_out();
        token.sealer.as_ref().unwrap().seal(b"secret", &SealPolicy::default()).unwrap();
        log_out();
        token.keys.delete(&KeyId([2; 16])).unwrap();
        token.probe.close();
    });
}

#[test]
fn a_pin_that_was_refused_is_never_sent_again() {
    isolated("a_pin_that_was_refused_is_never_sent_again", |module| {
        let token = new_token(module, "changed");
        token.keys.generate(&spec(1, KeyAlgorithm::P256)).unwrap();
        let module = Pkcs11::new(module).unwrap();
        let slot = module.get_slots_with_initialized_token().unwrap()[0];
        let pin = |text: &str| AuthPin::from(text.to_owned());
        let change = |from: &str, to: &str| {
            let session = module.open_rw_session(slot).unwrap();
            session.set_pin(&pin(from), &pin(to)).unwrap();
            session.logout().unwrap();
        };
        change(PIN, "another-1618");
        assert_eq!(token.signer.sign(&request(1)).unwrap_err().kind, HalErrorKind::PinIncorrect);
        // The old PIN is right again: only a token that was asked once more would find out.
        module.open_rw_session(slot).unwrap().login(UserType::User, Some(&pin("another-1618"))).unwrap();
        change("another-1618", PIN);
        assert_eq!(token.signer.sign(&request(1)).unwrap_err().kind, HalErrorKind::PinIncorrect);
        assert!(matches!(token.probe.health(), TokenHealth::Failing { .. }));
        token.probe.close();
    });
}

#[test]
fn a_token_tells_that_a_wrong_pin_was_entered_and_is_found_by_its_serial_number() {
    isolated("a_token_tells_that_a_wrong_pin_was_entered_and_is_found_by_its_serial_number", |module| {
        // Two tokens of one label.
        let first = new_token(module, "twin");
        let serial = first.probe.info().unwrap().serial;
        first.probe.close();
        let pkcs11 = Pkcs11::new(module).unwrap();
        let present = TokenModule::load(module).unwrap();
        let blank = pkcs11
            .get_slots_with_token()
            .unwrap()
            .into_iter()
            .find(|slot| !pkcs11.get_token_info(*slot).unwrap().token_initialized());
        pkcs11.init_token(blank.unwrap(), &AuthPin::from(SO_PIN.to_owned()), "twin").unwrap();
        let tries = || {
            let all = present.present().unwrap();
            let of = |own: bool| all.iter().find(|info| (info.serial == serial) == own).unwrap().pin_tries;
            (of(true), of(false))
        };
        assert_eq!(tries(), (PinTries::Untold, PinTries::Untold));

        let mut wrong = config(module, "twin").with_serial(&serial);
        wrong.pin = Zeroizing::new("987654321".into());
        assert_eq!(open_error(wrong).kind(), HalErrorKind::PinIncorrect);
        assert_eq!(tries(), (PinTries::Fewer, PinTries::Untold), "only the one that was asked");
        let open = hal_pkcs11::open(config(module, "twin").with_serial(&serial)).unwrap();
        assert_eq!(open.probe.info().unwrap().serial, serial);
        assert_eq!(tries(), (PinTries::Untold, PinTries::Untold));
        let absent = open_error(config(module, "twin").with_serial("0"));
        assert_eq!(absent.kind(), HalErrorKind::NotFound);
        open.probe.close();
    });
}

#[test]
fn a_key_removed_by_another_program_is_not_found() {
    isolated("a_key_removed_by_another_program_is_not_found", |module| {
        let token = new_token(module, "removed");
        token.keys.generate(&spec(1, KeyAlgorithm::P256)).unwrap();
        token.signer.sign(&request(1)).unwrap();
        let module = Pkcs11::new(module).unwrap();
        let session = module.open_rw_session(module.get_slots_with_initialized_token().unwrap()[0]).unwrap();
        for handle in session.find_objects(&[Attribute::Id(vec![1; 16])]).unwrap() {
            session.destroy_object(handle).unwrap();
        }
        assert_eq!(token.signer.sign(&request(1)).unwrap_err().kind, HalErrorKind::NotFound);
        token.keys.generate(&spec(1, KeyAlgorithm::P256)).unwrap();
        token.signer.sign(&request(1)).unwrap();
        drop(session);
        token.probe.close();
    });
}

#[test]
fn private_halves_cannot_be_read_out() {
    isolated("private_halves_cannot_be_read_out", |module| {
        let token = new_token(module, "private");
        for (id, algorithm) in (1..).zip(KeyAlgorithm::ALL) {
            token.keys.generate(&spec(id, algorithm)).unwrap();
        }
        token.sealer.as_ref().unwrap().seal(b"secret", &SealPolicy::default()).unwrap();
        let module = Pkcs11::new(module).unwrap();
        let session = module.open_ro_session(module.get_slots_with_initialized_token().unwrap()[0]).unwrap();
        let mut secrets = session.find_objects(&[Attribute::Class(ObjectClass::PRIVATE_KEY)]).unwrap();
        secrets.extend(session.find_objects(&[Attribute::Class(ObjectClass::SECRET_KEY)]).unwrap());
        assert_eq!(secrets.len(), 5);
        for handle in secrets {
            let wanted = [
                AttributeType::Sensitive,
                AttributeType::Extractable,
                AttributeType::NeverExtractable,
                AttributeType::Private,
                AttributeType::Value,
                AttributeType::PrivateExponent,
            ];
            let read = session.get_attributes(handle, &wanted).unwrap();
            for attribute in [
                Attribute::Sensitive(true),
                Attribute::Extractable(false),
                Attribute::NeverExtractable(true),
                Attribute::Private(true),
            ] {
                assert!(read.contains(&attribute), "{attribute:?} in {read:?}");
            }
            assert_eq!(read.len(), 4, "secret values are not given: {read:?}");
        }
        token.probe.close();
    });
}

#[test]
fn the_raw_loop_runs_beside_and_without_the_token() {
    isolated("the_raw_loop_runs_beside_and_without_the_token", |module| {
        let token = new_token(module, "raw");
        token.keys.generate(&spec(1, KeyAlgorithm::P256)).unwrap();
        let pin = Zeroizing::new(PIN.to_owned());
        let raw = |key| hal_pkcs11::raw_loop::RawLoop {
            module,
            token_label: "raw",
            pin: &pin,
            key,
            scheme: SignatureScheme::EcdsaSha256,
        };
        let span = Duration::from_millis(300);
        let rate = hal_pkcs11::raw_loop::sign_rate(&raw(KeyId([1; 16])), 2, span).unwrap();
        assert!(rate.signatures > 0 && rate.elapsed >= span);
        println!("raw loop {:.0}/s, through the port {:.0}/s", rate.per_second(), port_rate(&token, span));
        token.probe.close();
        hal_pkcs11::raw_loop::sign_rate(&raw(KeyId([1; 16])), 1, Duration::from_millis(1)).unwrap();
        let missing = hal_pkcs11::raw_loop::sign_rate(&raw(KeyId([2; 16])), 1, Duration::from_millis(1));
        assert_eq!(missing.unwrap_err().kind(), HalErrorKind::NotFound);
    });
}

/// Signatures per second of two threads through the port.
fn port_rate(token: &Token, span: Duration) -> f64 {
    let begin = std::time::Instant::now();
    let count = || {
        let mut count = 0_u32;
        while begin.elapsed() < span {
            token.signer.sign(&request(1)).unwrap();
            count += 1;
        }
        count
    };
    let total: u32 = std::thread::scope(|scope| {
        let threads = [(); 2].map(|()| scope.spawn(count));
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    f64::from(total) / begin.elapsed().as_secs_f64()
}

#[test]
fn closing_waits_for_nobody_and_ends_the_login() {
    isolated("closing_waits_for_nobody_and_ends_the_login", |module| {
        let token = new_token(module, "closing");
        token.keys.generate(&spec(1, KeyAlgorithm::P256)).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    loop {
                        match token.signer.sign(&request(1)) {
                            Ok(_) => {}
                            Err(error) => return assert_eq!(error.kind, HalErrorKind::Removed, "{error}"),
                        }
                    }
                });
            }
            token.signer.sign(&request(1)).unwrap();
            token.probe.close();
        });
        // The module is finalised, so that another use begins afresh and without a log-in.
        let module = Pkcs11::new(module).unwrap();
        assert!(module.get_all_slots().is_err());
        let flags = cryptoki::context::CInitializeFlags::OS_LOCKING_OK;
        module.initialize(cryptoki::context::CInitializeArgs::new(flags)).unwrap();
        let session = module.open_rw_session(module.get_slots_with_initialized_token().unwrap()[0]).unwrap();
        session.login(UserType::User, Some(&AuthPin::from(PIN.to_owned()))).unwrap();
    });
}

#[test]
fn pins_are_in_no_debug_text() {
    let config = config(Path::new("/m"), "l").create_if_missing(Zeroizing::new(SO_PIN.into()));
    let text = format!("{config:?}");
    assert!(!text.contains(PIN) && !text.contains(SO_PIN), "{text}");
}
