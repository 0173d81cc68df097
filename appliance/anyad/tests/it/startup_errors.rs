//! What goes wrong at start is told in one line with the cure, and ends with status 1.

use std::path::Path;
use std::process::Command;

use crate::boxed::{Box, anyad};

fn complaint(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    let complaints: Vec<_> = told.lines().filter(|line| line.starts_with("anyad: ")).collect();
    assert_eq!(complaints.len(), 1, "one line: {told}");
    assert!(!told.contains("panicked") && !told.contains("backtrace"), "{told}");
    complaints[0].to_owned()
}

fn without_node(data: &Path) -> Command {
    let mut command = anyad(data);
    command.arg("--no-bitcoin");
    command
}

#[test]
fn a_port_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_anyad"));
    command.args(["--no-bitcoin", "--listen", &address, "--data-dir"]).arg(folder.path());
    let told = complaint(&mut command);
    assert!(told.contains(&address) && told.contains("--listen"), "{told}");
}

#[test]
fn a_missing_pkcs11_module() {
    let folder = tempfile::tempdir().unwrap();
    let told =
        complaint(without_node(folder.path()).env("ANYAD_TOKENS__PKCS11__MODULE", "/nowhere/libhsm.so"));
    assert!(told.contains("/nowhere/libhsm.so") && told.contains("tokens.pkcs11.module"), "{told}");
}

#[test]
fn a_wrong_pin() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("box");
    drop(Box::start_in(&data, |c| {
        c.arg("--no-bitcoin");
    }));
    let wrong = "00000000000000000000000000000000";
    std::fs::write(data.join("secrets/softhsm-pin"), wrong).unwrap();
    let told = complaint(&mut without_node(&data));
    assert!(told.contains("PIN") && told.contains("secrets/softhsm-pin") && !told.contains(wrong), "{told}");
}

#[test]
fn a_lost_pin_never_replaces_the_token() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("box");
    drop(Box::start_in(&data, |c| {
        c.arg("--no-bitcoin");
    }));
    std::fs::remove_file(data.join("secrets/softhsm-pin")).unwrap();
    let told = complaint(&mut without_node(&data));
    assert!(told.contains("restore") && !data.join("secrets/softhsm-pin").exists(), "{told}");
}

#[test]
fn a_data_folder_that_cannot_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let told = complaint(&mut without_node(&file));
    assert!(told.contains("--data-dir"), "{told}");
}

#[test]
fn a_database_that_is_none() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("state.db"),
        "this is not a database, and long enough to be read as one".repeat(40),
    )
    .unwrap();
    let told = complaint(&mut without_node(folder.path()));
    assert!(told.contains("state.db"), "{told}");
}

#[test]
fn a_second_service_on_the_same_folder() {
    let first = Box::start(&[]);
    let told = complaint(&mut without_node(&first.data));
    assert!(told.contains("in use by another anyad"), "{told}");
}

#[test]
fn a_configuration_that_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("anyad.toml");
    std::fs::write(&path, "[bitcoin]\nchian = \"main\"\n").unwrap();
    let told = complaint(without_node(&folder.path().join("box")).arg("--config").arg(&path));
    assert!(
        told.contains("anyad.toml") && told.contains("`bitcoin.chian`") && told.contains("chain"),
        "{told}"
    );
    let told = complaint(without_node(&folder.path().join("box")).env("ANYAD_HTTP__DRAIN_SECONDS", "soon"));
    assert!(told.contains("ANYAD_HTTP__DRAIN_SECONDS") && told.contains("soon"), "{told}");
    let told = complaint(without_node(&folder.path().join("box")).arg("--config").arg("/nowhere.toml"));
    assert!(told.contains("/nowhere.toml") && told.contains("--config"), "{told}");
}
