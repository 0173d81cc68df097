//! The adapter against real swtpm.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests say why they were skipped, and fail by panicking"
)]

mod epochs;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use hal_api::{HalErrorKind, KeyAlgorithm, KeyId, KeySpec, SealPolicy, SignRequest, SignatureScheme, Token};
use hal_tpm::swtpm::{Swtpm, SwtpmError};
use hal_tpm::{OpenError, TpmConfig};
use tempfile::TempDir;
use tss_esapi::Context;
use tss_esapi::handles::PcrHandle;
use tss_esapi::interface_types::algorithm::HashingAlgorithm;
use tss_esapi::interface_types::session_handles::AuthSession;
use tss_esapi::structures::{Digest, DigestValues};

/// A running swtpm, its folder, and tokens on it.
struct Machine {
    dir: TempDir,
    swtpm: Swtpm,
}

impl Machine {
    /// `None`, with a printed line, where swtpm is not installed.
    fn start(test: &str) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        match Swtpm::start(&dir.path().join("state")) {
            Ok(swtpm) => Some(Self { dir, swtpm }),
            Err(SwtpmError::NotInstalled) => {
                println!("skipped {test}: {}", SwtpmError::NotInstalled);
                None
            }
            Err(error) => panic!("{error:?}"),
        }
    }

    fn config(&self) -> TpmConfig {
        TpmConfig::new("tpm", self.swtpm.tcti(), self.dir.path().join("keys"))
    }

    fn open(&self) -> Token {
        hal_tpm::open(self.config()).unwrap()
    }

    /// As a power cycle: the state in the TPM's memory stays, what was loaded is gone.
    fn restart(self) -> Self {
        let Self { dir, swtpm } = self;
        drop(swtpm);
        let swtpm = Swtpm::start(&dir.path().join("state")).unwrap();
        Self { dir, swtpm }
    }
}

fn spec(id: u8) -> KeySpec {
    KeySpec { id: KeyId([id; 16]), algorithm: KeyAlgorithm::P256, label: "test".into() }
}

fn request(id: u8) -> SignRequest {
    SignRequest { key: KeyId([id; 16]), scheme: SignatureScheme::EcdsaSha256, payload: vec![1; 32] }
}

fn extend_pcr(tcti: &str, pcr: u8) {
    // A register's handle is its number (TPM 2.0 part 2, section 7.4).
    let handle = PcrHandle::try_from(u32::from(pcr)).unwrap();
    let mut context = Context::new(tcti.parse().unwrap()).unwrap();
    let mut values = DigestValues::new();
    values.set(HashingAlgorithm::Sha256, Digest::try_from(vec![1; 32]).unwrap());
    context
        .execute_with_session(Some(AuthSession::Password), |context| context.pcr_extend(handle, values))
        .unwrap();
}

#[test]
fn passes_the_conformance_suite() {
    let Some(machine) = Machine::start("passes_the_conformance_suite") else { return };
    let tcti = machine.swtpm.tcti();
    let extend = |pcr| extend_pcr(&tcti, pcr);
    hal_conformance::run(&hal_conformance::Subject { open: &|| machine.open(), extend_pcr: Some(&extend) });
}

#[test]
fn more_keys_than_places_sign_in_turn() {
    let Some(machine) = Machine::start("more_keys_than_places_sign_in_turn") else { return };
    let token = machine.open();
    let attester = token.attester.as_ref().unwrap();
    let sealer = token.sealer.as_ref().unwrap();
    for id in 1..=6 {
        token.keys.generate(&spec(id)).unwrap();
    }
    for _ in 0..2 {
        for id in 1..=6 {
            token.signer.sign(&request(id)).unwrap();
            attester.certify(&KeyId([id; 16]), &[1; 16]).unwrap();
            let sealed = sealer.seal(b"secret", &SealPolicy { pcrs: vec![7] }).unwrap();
            assert_eq!(sealer.unseal(&sealed).unwrap().as_slice(), b"secret");
        }
    }
}

#[test]
fn keys_and_secrets_survive_a_power_cycle() {
    let Some(machine) = Machine::start("keys_and_secrets_survive_a_power_cycle") else { return };
    let token = machine.open();
    token.keys.generate(&spec(1)).unwrap();
    let sealed = token.sealer.as_ref().unwrap().seal(b"secret", &SealPolicy { pcrs: vec![0, 7] }).unwrap();
    let key = token.attester.as_ref().unwrap().attestation_key().unwrap();
    token.probe.close();
    let machine = machine.restart();
    let token = machine.open();
    token.signer.sign(&request(1)).unwrap();
    assert_eq!(token.sealer.as_ref().unwrap().unseal(&sealed).unwrap().as_slice(), b"secret");
    assert_eq!(token.attester.as_ref().unwrap().attestation_key().unwrap(), key);
}

#[test]
fn another_tpm_opens_nothing_of_this_one() {
    let Some(one) = Machine::start("another_tpm_opens_nothing_of_this_one") else { return };
    let two = Machine::start("another").unwrap();
    let token = one.open();
    token.keys.generate(&spec(1)).unwrap();
    let sealed = token.sealer.as_ref().unwrap().seal(b"secret", &SealPolicy::default()).unwrap();
    let mut config = two.config();
    config.key_dir = one.dir.path().join("keys");
    let other = hal_tpm::open(config).unwrap();
    let unsealed = other.sealer.as_ref().unwrap().unseal(&sealed);
    assert_eq!(unsealed.unwrap_err().kind, HalErrorKind::PolicyMismatch);
    assert!(other.signer.sign(&request(1)).is_err(), "a blob of another TPM does not sign");
}

#[test]
fn a_dead_tpm_is_removed_and_a_live_one_comes_back() {
    let Some(machine) = Machine::start("a_dead_tpm_is_removed_and_a_live_one_comes_back") else { return };
    let token = machine.open();
    token.keys.generate(&spec(1)).unwrap();
    token.signer.sign(&request(1)).unwrap();
    assert!(machine.swtpm.is_running());
    let Machine { dir, swtpm } = machine;
    drop(swtpm);
    assert_eq!(token.signer.sign(&request(1)).unwrap_err().kind, HalErrorKind::Removed);
    assert!(matches!(token.probe.health(), hal_api::TokenHealth::Failing { .. }));
    drop(dir);
    token.probe.close();
}

#[test]
fn a_reset_tpm_is_used_again_without_a_word() {
    let Some(mut machine) = Machine::start("a_reset_tpm_is_used_again_without_a_word") else { return };
    let token = machine.open();
    token.keys.generate(&spec(1)).unwrap();
    token.signer.sign(&request(1)).unwrap();
    machine.swtpm.restart().unwrap();
    token.signer.sign(&request(1)).unwrap();
    token.attester.as_ref().unwrap().quote(&[1; 16], &[7]).unwrap();
}

#[test]
fn a_full_queue_is_busy_and_a_late_answer_a_timeout() {
    let Some(machine) = Machine::start("a_full_queue_is_busy_and_a_late_answer_a_timeout") else { return };
    let mut config = machine.config();
    config.queue = 1;
    config.call_timeout = Duration::from_millis(5);
    // Opening reads the properties within the same limit, which a loaded machine may miss.
    let token = loop {
        match hal_tpm::open(config.clone()) {
            Ok(token) => break token,
            Err(error) => assert_eq!(error.kind(), HalErrorKind::Timeout, "{error:?}"),
        }
    };
    let rsa = |id| KeySpec { id: KeyId([id; 16]), algorithm: KeyAlgorithm::Rsa2048, label: String::new() };
    let first = token.keys.generate(&rsa(1)).unwrap_err();
    assert_eq!(first.kind, HalErrorKind::Timeout, "an RSA key takes longer than that");
    let mut kinds: Vec<_> = (2..6).map(|id| token.keys.generate(&rsa(id)).unwrap_err().kind).collect();
    kinds.dedup();
    assert!(kinds.contains(&HalErrorKind::Busy), "one runs and one waits, so the next is refused: {kinds:?}");
}

#[test]
fn opening_tells_its_failures_apart() {
    let dir = tempfile::tempdir().unwrap();
    let open =
        |tcti: &str, keys: &Path| hal_tpm::open(TpmConfig::new("tpm", tcti, keys)).map(|_| ()).unwrap_err();
    for tcti in ["nonsense", "swtpm:path=/run/tpm.sock", "swtpm:port=99999", "swtpm:"] {
        let error = open(tcti, dir.path());
        assert!(matches!(error, OpenError::Tcti { .. }) && error.to_string().contains(tcti), "{error:?}");
        assert_eq!(error.kind(), HalErrorKind::InvalidInput);
    }
    let error = open("device:/nonexistent/tpm", dir.path());
    assert!(matches!(error, OpenError::Connect { .. }), "{error:?}");
    assert_eq!(error.kind(), HalErrorKind::NotFound);
    assert!(error.to_string().contains("/nonexistent/tpm"));
    let error = open("device:/nonexistent/tpm", &std::env::current_exe().unwrap());
    assert!(matches!(error, OpenError::KeyFolder { .. }), "{error:?}");
}

#[test]
fn swtpm_ends_with_its_value() {
    let Some(machine) = Machine::start("swtpm_ends_with_its_value") else { return };
    let tcti = machine.swtpm.tcti();
    drop(machine);
    assert!(Context::new(tcti.parse().unwrap()).is_err(), "nobody listens any more");
}

#[test]
fn swtpm_dies_with_a_service_that_is_killed() {
    const FOLDER: &str = "HAL_TPM_TEST_FOLDER";
    const NAME: &str = "swtpm_dies_with_a_service_that_is_killed";
    if let Some(folder) = std::env::var_os(FOLDER) {
        // The service to be: it says where its TPM is and then does nothing until it is killed.
        let swtpm = Swtpm::start(Path::new(&folder)).unwrap();
        println!("\ntcti={}", swtpm.tcti());
        loop {
            std::thread::park();
        }
    }
    let Some(machine) = Machine::start(NAME) else { return };
    let mut service = Command::new(std::env::current_exe().unwrap())
        .args([NAME, "--exact", "--nocapture"])
        .env(FOLDER, machine.dir.path().join("other"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(service.stdout.take().unwrap()).lines().map_while(Result::ok);
    let tcti = lines.filter_map(|line| line.strip_prefix("tcti=").map(str::to_owned)).next().unwrap();
    assert!(Context::new(tcti.parse().unwrap()).is_ok());
    service.kill().unwrap();
    service.wait().unwrap();
    while Context::new(tcti.parse().unwrap()).is_ok() {
        std::thread::yield_now();
    }
}

#[test]
fn says_how_quickly_it_signs() {
    let Some(machine) = Machine::start("says_how_quickly_it_signs") else { return };
    let token = machine.open();
    token.keys.generate(&spec(1)).unwrap();
    let (begin, mut count) = (Instant::now(), 0);
    while begin.elapsed() < Duration::from_millis(300) {
        token.signer.sign(&request(1)).unwrap();
        count += 1;
    }
    println!("P-256 on swtpm through the port: {:.0}/s", f64::from(count) / begin.elapsed().as_secs_f64());
}

#[test]
fn swtpm_with_a_broken_state_says_what_it_wrote() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("tpm2-00.permall"), vec![7; 4096]).unwrap();
    match Swtpm::start(dir.path()) {
        Err(SwtpmError::NotInstalled) => println!("skipped: {}", SwtpmError::NotInstalled),
        Err(SwtpmError::Silent { output }) => assert!(!output.is_empty(), "{output}"),
        Ok(_) => panic!("started on a broken state"),
        Err(error) => panic!("{error:?}"),
    }
}
