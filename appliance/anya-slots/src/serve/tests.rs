//! Conversations over a real socket, with real descriptors.

mod hostile;
mod installing;
mod requests;
mod tryboot;

use std::fs::File;
use std::os::unix::fs::FileExt;

use ota_client::slot_keeper::{SlotInstall, SlotKeeper, SlotKeeperError};
use ota_core::identifier::Identifier;

use crate::test_machine::TestMachine;
use crate::test_machine::release::{Release, file};

fn stable() -> Identifier {
    "stable".parse().unwrap()
}

/// A release, and a machine that trusts who signed it.
fn machine() -> (Release, TestMachine) {
    let release = Release::of("1.1.0");
    let machine = TestMachine::trusting(&release.signers());
    (release, machine)
}

fn begin(keeper: &SlotKeeper, release: &Release) -> Result<SlotInstall, SlotKeeperError> {
    keeper.install(&stable(), &release.evidence(), false)
}

fn write(file: &File, content: &[u8]) {
    file.set_len(0).unwrap();
    file.write_all_at(content, 0).unwrap();
}

/// Installs a release as the service does.
fn install(keeper: &SlotKeeper, release: &Release) -> Result<bool, SlotKeeperError> {
    let install = begin(keeper, release)?;
    write(install.root(), &release.root);
    write(install.verity(), &release.verity);
    install.finish(&file(&release.kernel_image), &mut |_| ())
}

/// The code of a refusal.
fn code<T>(result: Result<T, SlotKeeperError>) -> String {
    match result {
        Err(SlotKeeperError::Refused(refused)) => refused.code,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it was done"),
    }
}

/// Nothing but the running version can be started, and the other slot says that it is empty.
fn assert_nothing_to_start(machine: &TestMachine) {
    assert_eq!(machine.entry_names(), ["anya_1.0.0+3.efi"]);
    assert_eq!(machine.trial(), None);
    assert_eq!(machine.facts()[1].label, "_empty");
}

/// As the machine was made.
fn assert_untouched(machine: &TestMachine) {
    assert_eq!(machine.entry_names(), ["anya_1.0.0+2-1.efi"]);
    for part in ["vda2", "vda3", "vda4", "vda5"] {
        let content = std::fs::read_to_string(machine.part(part)).unwrap();
        assert_eq!(content, format!("what is in {part}"));
    }
}
