use proptest::prelude::*;

use super::*;

/// A manifest with nothing wrong in it.
pub(crate) fn manifest() -> Manifest {
    let content = |size, digit: &str| Content { size, sha256: digit.repeat(64).parse().unwrap() };
    let part = |size, digit| Part { image: content(size, digit), index: content(56, "9") };
    Manifest {
        version: "1.2.3".parse().unwrap(),
        board: "qemu-x86_64".parse().unwrap(),
        channel: "stable".parse().unwrap(),
        epoch: 1,
        minimum_version: "1.0.0".parse().unwrap(),
        signed: "2026-11-21T00:00:00Z".parse().unwrap(),
        expires: "2026-12-21T00:00:00Z".parse().unwrap(),
        signers: 1,
        notes: "Quicker.\nNothing else.".to_owned(),
        root_hash: "ab".repeat(32).parse().unwrap(),
        root: part(1 << 20, "a"),
        verity: part(1 << 13, "b"),
        uki: part(1 << 19, "c"),
    }
}

fn refused(document: &str) -> DocumentError {
    Manifest::parse(document.as_bytes()).unwrap_err()
}

#[test]
fn a_manifest_is_read_as_it_was_written() {
    let document = manifest().to_bytes().unwrap();
    assert_eq!(Manifest::parse(&document).unwrap(), manifest());
    let text = String::from_utf8(document).unwrap();
    assert!(text.starts_with(r#"{"board":"qemu-x86_64","channel":"stable","epoch":1,"expires":"#), "{text}");
}

#[test]
fn sizes_beyond_2_and_4_gib_keep_their_value() {
    for size in [(1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 32, (1 << 32) + 1, limits::INTEGER] {
        let mut large = manifest();
        large.root.image.size = size;
        let document = large.to_bytes().unwrap();
        assert_eq!(Manifest::parse(&document).unwrap().root.image.size, size);
    }
    let mut larger = manifest();
    larger.root.image.size = limits::INTEGER + 1;
    assert_eq!(larger.to_bytes().unwrap_err().code(), "bad_number");
}

#[test]
fn each_field_is_needed_and_no_other_is_known() {
    let text = String::from_utf8(manifest().to_bytes().unwrap()).unwrap();
    assert_eq!(refused(&text.replace(r#""epoch":1,"#, "")), DocumentError::MissingField("epoch".to_owned()));
    assert_eq!(
        refused(&text.replace(r#""epoch":1,"#, r#""epoch":1,"exec":"sh","#)),
        DocumentError::UnknownField("exec".to_owned())
    );
    let in_part = text.replacen(r#""size":1048576"#, r#""size":1048576,"url":"x""#, 1);
    assert_eq!(refused(&in_part), DocumentError::UnknownField("parts.root.url".to_owned()));
    assert_eq!(refused(&text.replace("anya-release", "anya-signers")).code(), "other_document_type");
    for (from, to) in [
        (r#""epoch":1"#, r#""epoch":"1""#),
        ("qemu-x86_64", "../x"),
        ("2026-11-21T00:00:00Z", "2026-11-21T01:00:00+01:00"),
        ("2026-11-21T00:00:00Z", "2026-11-21T00:00:00.5Z"),
        ("2026-11-21T00:00:00Z", "2026-12-22T00:00:00Z"),
        (r#""minimum_version":"1.0.0""#, r#""minimum_version":"1.2.4""#),
        (r#""version":"1.2.3""#, r#""version":"1.2.3+x""#),
        ("Quicker.", "\\u001b[2J"),
        (r#""size":1048576"#, r#""size":0"#),
        (r#""size":56"#, r#""size":99999999"#),
    ] {
        assert!(text.contains(from), "{from}");
        assert_eq!(refused(&text.replacen(from, to, 1)).code(), "bad_field", "{to}");
    }
}

#[test]
fn a_kernel_image_of_another_release_is_told_by_what_differs() {
    let manifest = manifest();
    let good = format!("quiet roothash={} panic=5", manifest.root_hash);
    let check = |command_line: &str, image_id: &str, image_version: &str| {
        manifest
            .check_kernel(&KernelFacts { command_line, image_id, image_version })
            .map_err(|e| e.to_string())
    };
    assert_eq!(check(&good, "anya", "1.2.3"), Ok(()));
    let other = "cd".repeat(32);
    for (command_line, id, version, word) in [
        ("quiet".to_owned(), "anya", "1.2.3", "no root hash"),
        (format!("roothash={other}"), "anya", "1.2.3", "another root"),
        (format!("{good} roothash={other}"), "anya", "1.2.3", "more than one"),
        (good.clone(), "debian", "1.2.3", "debian"),
        (good.clone(), "anya", "1.2.2", "1.2.2"),
    ] {
        let told = check(&command_line, id, version).unwrap_err();
        assert!(told.contains(word), "{told}");
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(document in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(Manifest::parse(&document).is_err());
    }

    #[test]
    fn a_manifest_cut_or_changed_never_panics(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut document = manifest().to_bytes().unwrap();
        let at = at.index(document.len());
        prop_assert!(Manifest::parse(&document[..at]).is_err());
        document[at] = byte;
        if let Ok(other) = Manifest::parse(&document) {
            prop_assert_eq!(other.to_bytes().unwrap(), document);
        }
    }
}
