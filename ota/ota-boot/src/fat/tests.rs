use std::io::Write;

use super::*;

fn file(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file
}

/// What is read of a file of this name.
fn told(bytes: &[u8], name: &str) -> String {
    let read = Fat::open(&file(bytes)).and_then(|fat| fat.read(name, 2000));
    read.map_or_else(|error| error.to_string(), |content| String::from_utf8(content).unwrap())
}

#[test]
fn files_are_read_whole_also_those_of_several_clusters() {
    let long = "x".repeat(1500);
    let bytes = fixture::make(&[
        ("CONFIG.TXT", b"arm_64bit=1"),
        ("LONG.TXT", long.as_bytes()),
        ("EMPTY", b""),
        ("CMDLINE.TXT", b"quiet"),
    ]);
    for (name, content) in
        [("CONFIG.TXT", "arm_64bit=1"), ("LONG.TXT", &long), ("EMPTY", ""), ("CMDLINE.TXT", "quiet")]
    {
        assert_eq!(told(&bytes, name), content, "{name}");
    }
}

#[test]
fn what_cannot_be_read_says_why() {
    let too_long = vec![b'x'; 2001];
    let bytes = fixture::make(&[("A.TXT", b"a"), ("TWICE", b"1"), ("TWICE", b"2"), ("LONG", &too_long)]);
    for (name, why) in [
        ("B.TXT", "the file is missing"),
        ("TWICE", "the file is there twice"),
        ("LONG", "the file is too long"),
    ] {
        assert_eq!(told(&bytes, name), why);
    }
    assert_eq!(told(&bytes[..65 * SECTOR], "A.TXT"), "its file system is damaged");
    for bytes in [&b"MZ"[..], &[0; 512], &bytes[..100]] {
        assert_eq!(told(bytes, "A.TXT"), "it is no FAT32 file system");
    }
}

#[test]
fn no_byte_of_the_head_or_the_table_makes_it_panic_or_read_for_ever() {
    let bytes = fixture::make(&[("A.TXT", &[b'a'; 1200])]);
    let table = 32 * SECTOR..32 * SECTOR + 24;
    for at in (0..SECTOR).chain(table).chain(64 * SECTOR..64 * SECTOR + RECORD) {
        for value in [0, 1, 2, 3, 0x7f, 0xff] {
            let mut spoilt = bytes.clone();
            spoilt[at] = value;
            let _ = Fat::open(&file(&spoilt)).and_then(|fat| fat.read("A.TXT", 2000));
        }
    }
}
