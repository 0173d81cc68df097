use std::fs::File;
use std::io::Read;
use std::os::fd::AsFd;
use std::thread;

use serde_json::{Value, json};

use super::*;

fn pair() -> (Connection, Connection) {
    let (one, other) = UnixStream::pair().unwrap();
    (Connection::new(one), Connection::new(other))
}

fn file(content: &str) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(content.as_bytes()).unwrap();
    std::io::Seek::rewind(&mut file).unwrap();
    file
}

fn read(descriptor: OwnedFd) -> String {
    let mut content = String::new();
    File::from(descriptor).read_to_string(&mut content).unwrap();
    content
}

#[test]
fn descriptors_come_with_their_line_whatever_its_length() {
    let (mut here, mut there) = pair();
    let long = "x".repeat(MAX_LINE - 3);
    let sender = thread::spawn(move || {
        let files = ["a", "b", "c", "d", "e"].map(file);
        let descriptors: Vec<_> = files.iter().map(AsFd::as_fd).collect();
        here.send(&json!(long), &descriptors).unwrap();
        here.send(&json!(1), &[]).unwrap();
        here.send(&json!(2), &descriptors[..1]).unwrap();
    });
    let (line, descriptors) = there.receive::<String>().unwrap().unwrap();
    assert_eq!(line.len(), MAX_LINE - 3);
    let flags = nix::fcntl::fcntl(&descriptors[0], nix::fcntl::FcntlArg::F_GETFD).unwrap();
    assert_eq!(flags & nix::libc::FD_CLOEXEC, nix::libc::FD_CLOEXEC);
    assert_eq!(descriptors.into_iter().map(read).collect::<String>(), "abcde");
    sender.join().unwrap();
    assert_eq!(there.receive::<u8>().unwrap().unwrap().0, 1);
    assert_eq!(there.receive::<u8>().unwrap().unwrap().0, 2);
    assert!(there.receive::<u8>().unwrap().is_none(), "the other side is gone");
}

#[test]
fn a_line_that_is_too_long_is_neither_sent_nor_taken() {
    let (mut here, mut there) = pair();
    assert!(matches!(here.send(&json!("x".repeat(MAX_LINE - 2)), &[]), Err(WireError::TooLong)));
    let endless = thread::spawn(move || while here.stream.write_all(&[b' '; 1 << 16]).is_ok() {});
    assert!(matches!(there.receive::<Value>(), Err(WireError::TooLong)));
    drop(there);
    endless.join().unwrap();
}

#[test]
fn more_descriptors_than_any_line_has_are_closed_and_refused() {
    for count in [MAX_DESCRIPTORS + 1, MAX_DESCRIPTORS + 2, ALL_DESCRIPTORS] {
        let (mut here, mut there) = pair();
        let (mut reader, writer) = std::io::pipe().unwrap();
        here.send(&json!(1), &vec![writer.as_fd(); count]).unwrap();
        drop(writer);
        assert!(matches!(there.receive::<u8>(), Err(WireError::TooManyDescriptors)), "{count}");
        // All copies of the writing end are closed, or this would wait for ever.
        assert_eq!(reader.read(&mut [0]).unwrap(), 0);
    }
}

#[test]
fn silence_and_an_end_within_a_line_are_told_apart() {
    let (mut here, mut there) = pair();
    there.bound_reading(Some(Duration::from_millis(20))).unwrap();
    here.stream.write_all(b"{\"half\"").unwrap();
    assert!(matches!(there.receive::<Value>(), Err(WireError::Timeout)));
    drop(here);
    assert!(matches!(there.receive::<Value>(), Err(WireError::Ended)));
    let (mut here, mut there) = pair();
    here.stream.write_all(b"no JSON\n").unwrap();
    assert!(matches!(there.receive::<Value>(), Err(WireError::Strange(_))));
    drop(here);
    assert!(matches!(there.send(&json!(1), &[]), Err(WireError::Ended)));
}
