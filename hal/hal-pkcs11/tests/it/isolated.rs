//! Running a test in a process and a token folder of its own.

use std::path::Path;
use std::process::Command;

use hal_api::Token;
use hal_pkcs11::{Pkcs11Config, softhsm};
use zeroize::Zeroizing;

/// The user PIN of every test token.
pub(crate) const PIN: &str = "user-pin-271828";
/// The security officer's PIN of every test token.
pub(crate) const SO_PIN: &str = "so-pin-314159";

/// Says to a process that it is the isolated one.
const ISOLATED: &str = "HAL_PKCS11_TEST_ISOLATED";

/// Runs `body` with the module's path in a process of its own. `name` is the test's own name.
pub(crate) fn isolated(name: &str, body: impl FnOnce(&Path)) {
    let Some(module) = softhsm::find_module() else {
        println!("skipped {name}: SoftHSM is not installed (apt install softhsm2)");
        return;
    };
    if std::env::var_os(ISOLATED).is_some() {
        return body(&module);
    }
    let dir = tempfile::tempdir().unwrap();
    let conf = softhsm::prepare(dir.path()).unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture"])
        .env(softhsm::ENVIRONMENT_VARIABLE, conf)
        .env(ISOLATED, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{name}: {}\n{text}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    print!(
        "{}",
        text.lines().filter(|line| line.contains("/s")).map(|line| format!("{line}\n")).collect::<String>()
    );
}

/// How to open a test token.
pub(crate) fn config(module: &Path, label: &str) -> Pkcs11Config {
    Pkcs11Config::new("softhsm", module, label, Zeroizing::new(PIN.into()))
}

/// Opens a test token, made when missing.
pub(crate) fn new_token(module: &Path, label: &str) -> Token {
    hal_pkcs11::open(config(module, label).create_if_missing(Zeroizing::new(SO_PIN.into()))).unwrap()
}
