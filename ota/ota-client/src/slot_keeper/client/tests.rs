use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixListener;
use std::thread::{self, JoinHandle};

use serde_json::Value;

use super::*;
use crate::slot_keeper::protocol::{Refused, code};
use crate::source::Signed;

/// A keeper that answers a request with the first of these, with so many files, and the next one with the rest.
/// It says what was asked first.
fn answering(answers: Vec<Answer>, files: usize) -> (tempfile::TempDir, SlotKeeper, JoinHandle<Value>) {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket");
    let listener = UnixListener::bind(&socket).unwrap();
    let asked = thread::spawn(move || {
        let mut connection = Connection::new(listener.accept().unwrap().0);
        let (request, _) = connection.receive::<Value>().unwrap().unwrap();
        let file = tempfile::tempfile().unwrap();
        for (place, answer) in answers.iter().enumerate() {
            let descriptors: Vec<BorrowedFd<'_>> = vec![file.as_fd(); if place == 0 { files } else { 0 }];
            if place == 1 {
                connection.receive::<Value>().unwrap().unwrap();
            }
            connection.send(answer, &descriptors).unwrap();
        }
        request
    });
    (folder, SlotKeeper::at(socket), asked)
}

fn evidence() -> Evidence {
    let signed = Signed { document: b"{}".into(), signatures: vec![0xff; 3] };
    Evidence { signer_lists: [(2, signed.clone()), (10, signed.clone())].into(), manifest: signed }
}

#[test]
fn what_a_release_is_believed_by_arrives_as_it_was_sent() {
    let believed =
        Believed { version: "1.1.0".parse().unwrap(), signed_by: vec![], set_aside: None, nothing_new: true };
    let (_folder, keeper, asked) = answering(vec![Answer::Believed(believed.clone())], 0);
    assert_eq!(keeper.believe(&"stable".parse().unwrap(), &evidence()).unwrap(), believed);
    let asked = asked.join().unwrap();
    assert_eq!((&asked["op"], &asked["channel"]), (&"believe".into(), &"stable".into()));
    let expected = Request::Believe { channel: "stable".parse().unwrap(), evidence: evidence() };
    assert_eq!(serde_json::from_value::<Request>(asked).unwrap(), expected);
}

#[test]
fn an_installation_tells_its_steps_and_how_to_restart() {
    let steps = [Action::VerifyReadBack, Action::Arm];
    let told = steps.map(|step| Answer::Step { step });
    let answers = [vec![Answer::Opened {}], told.into(), vec![Answer::Armed { tryboot: true }]].concat();
    let (_folder, keeper, _asked) = answering(answers, 2);
    let install = keeper.install(&"stable".parse().unwrap(), &evidence(), true).unwrap();
    let mut heard = Vec::new();
    assert!(install.finish(&tempfile::tempfile().unwrap(), &mut |step| heard.push(step)).unwrap());
    assert_eq!(heard, steps);
}

#[test]
fn refusals_and_answers_to_something_else_are_errors() {
    let refused = Refused { code: code::BUSY.to_owned(), text: "Not now.".to_owned() };
    let (_folder, keeper, _) = answering(vec![Answer::Refused(refused)], 0);
    let error = keeper.roll_back().unwrap_err();
    assert_eq!((error.code(), error.to_string().as_str(), error.is_busy()), ("busy", "Not now.", true));
    for files in [0, 4] {
        let (_folder, keeper, _) = answering(vec![Answer::Opened {}], files);
        assert!(matches!(keeper.read(), Err(SlotKeeperError::Unexpected)), "{files} files");
    }
    let (_folder, keeper, _) = answering(vec![Answer::Accepted {}], 0);
    assert!(matches!(keeper.status(), Err(SlotKeeperError::Unexpected)));
    let (_folder, keeper, _) = answering(vec![], 0);
    assert!(matches!(keeper.restart(), Err(SlotKeeperError::Ended)));
}

#[test]
fn nobody_there_and_nobody_answering_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket");
    assert_eq!(SlotKeeper::at(&socket).status().unwrap_err().code(), "no_slot_keeper");
    let _silent = UnixListener::bind(&socket).unwrap();
    let bound = Duration::from_millis(20);
    let silent = SlotKeeper::at(&socket).with_bounds(bound, bound).status();
    assert!(matches!(silent, Err(SlotKeeperError::Timeout)));
}
