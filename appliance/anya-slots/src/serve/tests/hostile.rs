use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;

use ota_client::slot_keeper::Connection;
use ota_client::slot_keeper::protocol::{Answer, MAX_LINE, Request};
use serde_json::{Value, json};

use super::*;
use crate::run_files;
use crate::test_machine::release::signer;
use crate::test_machine::running_hash;

/// What is answered to these bytes.
fn answered(socket: &Path, bytes: &[u8]) -> Value {
    let mut stream = UnixStream::connect(socket).unwrap();
    // It may be refused before it is taken to its end.
    let _ = stream.write_all(bytes);
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    serde_json::from_str(&answer).unwrap()
}

#[test]
fn what_is_no_request_is_refused() {
    let (_, machine) = machine();
    let runner = machine.programs();
    machine.serving(&runner, |_, socket| {
        for line in [
            "no JSON\n",
            "{}\n",
            "{\"op\":\"format\"}\n",
            "{\"op\":\"status\",\"more\":1}\n",
            "{\"op\":\"written\"}\n",
            "{\"op\":\"install\",\"channel\":\"../x\",\"evidence\":{},\"insist\":true}\n",
        ] {
            assert_eq!(answered(socket, line.as_bytes())["code"], "bad_request", "{line}");
        }
        let too_long = vec![b' '; MAX_LINE + 1];
        assert_eq!(answered(socket, &too_long)["code"], "bad_request");
        for descriptors in [1, 5, 9] {
            let mut connection = Connection::new(UnixStream::connect(socket).unwrap());
            let file = file(b"");
            connection.send(&json!({"op": "status"}), &vec![file.as_fd(); descriptors]).unwrap();
            let (answer, _) = connection.receive::<Value>().unwrap().unwrap();
            assert_eq!(answer["code"], "bad_request", "{descriptors} descriptors");
        }
    });
    assert_eq!(runner.started(), Vec::<String>::new());
    assert_untouched(&machine);
}

#[test]
fn whom_the_image_does_not_trust_changes_nothing() {
    let (release, machine) = machine();
    let mallory = signer("Mallory");
    let mut other_board = Release::of("1.1.0");
    other_board.manifest.board = "generic-x86_64".parse().unwrap();
    let table = std::fs::read(machine.part("vda")).unwrap();
    machine.serving(&machine.programs(), |keeper, _| {
        let forged = release.signed_by(&mallory);
        assert_eq!(code(keeper.believe(&stable(), &forged)), "wrong_signer");
        assert_eq!(code(keeper.install(&stable(), &forged, true)), "wrong_signer");
        let other_board = other_board.signed_by(&release.signer);
        assert_eq!(code(keeper.install(&stable(), &other_board, true)), "other_board");
        let beta = "beta".parse().unwrap();
        assert_eq!(code(keeper.install(&beta, &release.evidence(), true)), "other_channel");
    });
    assert_untouched(&machine);
    assert!(!machine.places.remembered().join("known.json").exists(), "what is refused is not remembered");
    assert_eq!(std::fs::read(machine.part("vda")).unwrap(), table);
}

#[test]
fn the_slot_that_runs_is_not_written_whatever_else_says_so() {
    let (release, machine) = machine();
    let asked = |why: &str| {
        let begun = machine.serving(&machine.programs(), |keeper, _| begin(keeper, &release).map(drop));
        assert_eq!(code(begun), "not_now", "{why}");
        assert_untouched(&machine);
    };
    machine.root_lies_on(&["vda4", "vda5"]);
    asked("the kernel knows better what runs");
    machine.root_lies_on(&["vda2", "vda5"]);
    asked("half of what runs");
    machine.root_lies_on(&[]);
    asked("it is not known which disk it is");
    machine.root_lies_on(&["vda2", "vda3"]);
    let hash = running_hash();
    let other = "22".repeat(32);
    for line in ["quiet", &format!("roothash={other}"), &format!("roothash={hash} roothash={hash}")] {
        std::fs::write(machine.places.command_line(), line).unwrap();
        asked(line);
    }
}

#[test]
fn a_slot_is_written_with_one_kernel_image_and_nothing_else_is_said() {
    let (release, machine) = machine();
    let said = |request: Request, descriptors: usize| {
        machine.serving(&machine.programs(), |_, socket| {
            let mut connection = Connection::new(UnixStream::connect(socket).unwrap());
            let begin = Request::Install { channel: stable(), evidence: release.evidence(), insist: false };
            connection.send(&begin, &[]).unwrap();
            let (answer, slot) = connection.receive::<Answer>().unwrap().unwrap();
            assert_eq!((answer, slot.len()), (Answer::Opened {}, 2));
            let kernel = file(&release.kernel_image);
            connection.send(&request, &vec![kernel.as_fd(); descriptors]).unwrap();
            let Answer::Refused(refused) = connection.receive::<Answer>().unwrap().unwrap().0 else {
                panic!("it went on")
            };
            assert!(connection.receive::<Answer>().unwrap().is_none(), "the conversation is over");
            refused.code
        })
    };
    assert_eq!(said(Request::Written {}, 0), "bad_request");
    assert_eq!(said(Request::Written {}, 2), "bad_request");
    assert_eq!(said(Request::Written {}, 6), "bad_request");
    assert_eq!(said(Request::RollBack {}, 0), "bad_request");
    assert_nothing_to_start(&machine);
}

#[test]
fn a_kernel_image_that_is_no_file_is_refused() {
    let (release, machine) = machine();
    let refused = machine.serving(&machine.programs(), |keeper, _| {
        let install = begin(keeper, &release).unwrap();
        let (endless, _writer) = std::io::pipe().unwrap();
        install.finish(&File::from(OwnedFd::from(endless)), &mut |_| ())
    });
    assert_eq!(code(refused), "other_content");
    assert_nothing_to_start(&machine);
}

#[test]
fn while_somebody_changes_something_others_are_told_so_and_the_status_is_still_told() {
    let (release, machine) = machine();
    let _held = run_files::lock(&machine.places).unwrap().unwrap();
    machine.serving(&machine.programs(), |keeper, _| {
        assert!(begin(keeper, &release).unwrap_err().is_busy());
        assert!(keeper.believe(&stable(), &release.evidence()).unwrap_err().is_busy());
        assert!(keeper.roll_back().unwrap_err().is_busy());
        assert!(keeper.note_time().unwrap_err().is_busy());
        keeper.status().unwrap();
    });
    assert_untouched(&machine);
}
