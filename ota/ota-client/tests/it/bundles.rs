//! A release in one file, and files that are none.

use std::io::Read;
use std::process::{Command, Stdio};

use ota_client::assemble::{AssembleError, Plan, Progress, Target};
use ota_client::bundle::BundleFile;
use ota_client::index::Index;
use ota_client::seed::Seeds;
use ota_client::source::{Cancel, Source};
use ota_core::manifest::PartKind;
use ota_core::trust::Verdict;
use tar::EntryType;

use crate::release::{AnyaBox, Release, content, file, list, noise};
use crate::tar_file::{Entry, archive, entries, header, listing};

fn open(file: &[u8]) -> BundleFile<&[u8]> {
    BundleFile::new(file, Cancel::default())
}

/// Puts all parts together from a bundle, with these seeds.
fn install(
    release: &Release,
    bundle: &[u8],
    seeds: &Seeds,
) -> (Result<Progress, AssembleError>, [Vec<u8>; 3]) {
    let files = [0, 1, 2].map(|_| file(b""));
    let cancel = Cancel::default();
    // Read again from its beginning, as the installation is another step than the check.
    let mut source = open(bundle);
    let result =
        Index::fetch_all(&mut source, &release.manifest).map_err(AssembleError::from).and_then(|indexes| {
            let targets = indexes.iter().zip(&files).map(|(index, file)| Target { index, file });
            let plan = Plan::make(targets.collect(), seeds, &cancel)?;
            plan.carry_out(&mut source, &cancel, &mut |_| ())
        });
    (result, files.each_ref().map(content))
}

/// The code of the refusal of a bundle with these entries, by the check or by the installation.
fn refusal(change: impl FnOnce(&mut Vec<Entry>)) -> &'static str {
    let release = Release::new();
    let mut entries = entries(&release);
    change(&mut entries);
    refusal_of(&release, &archive(&entries))
}

fn refusal_of(release: &Release, bundle: &[u8]) -> &'static str {
    let mut anya_box = AnyaBox::for_release(release);
    if anya_box.check(&mut open(bundle)).is_err() {
        anya_box.stored.clear();
        return anya_box.refusal(&mut open(bundle));
    }
    let (result, images) = install(release, bundle, &Seeds::default());
    let error = result.unwrap_err();
    let words = error.to_string();
    assert!(words.ends_with('.'), "{words}");
    assert_ne!(images[2], release.parts.images[2], "it was put together to the end");
    // What was written had come before, chunk by chunk.
    assert!(release.parts.images[0].starts_with(&images[0]), "something else was written");
    error.code()
}

#[test]
fn a_bundle_is_checked_and_then_installed() {
    let release = Release::new();
    let bundle = archive(&entries(&release));
    let checked = AnyaBox::for_release(&release).check(&mut open(&bundle)).unwrap();
    assert!(matches!(checked.verdict, Verdict::Offer(_)));
    assert_eq!(checked.manifest, release.manifest);
    let (result, images) = install(&release, &bundle, &Seeds::default());
    result.unwrap();
    assert_eq!(images, release.parts.images);
}

#[test]
fn what_a_seed_has_is_passed_over_in_the_bundle() {
    let release = Release::with_root([noise(1, 500_000), vec![0; 900_000], noise(1, 500_000)].concat());
    let mut seeds = Seeds::default();
    seeds.add(file(&noise(1, 300_000)), 300_000, &Cancel::default()).unwrap();
    let (result, images) = install(&release, &archive(&entries(&release)), &seeds);
    assert!(result.unwrap().fetched < 1_000_000);
    assert_eq!(images, release.parts.images);
}

#[test]
fn signer_lists_come_first_and_those_that_are_known_are_passed_over() {
    let release = Release::new();
    let mut with_list = entries(&release);
    let first = release.list.to_bytes().unwrap();
    with_list.splice(0..0, [Entry::file("signers/1.json", &first), Entry::file("signers/1.json.sig", b"")]);
    let bundle = archive(&with_list);
    AnyaBox::for_release(&release).check(&mut open(&bundle)).unwrap();
    let mut source = open(&bundle);
    assert_eq!(source.signer_list(1).unwrap().unwrap().document, first);
    assert_eq!(source.signer_list(2).unwrap(), None);
    let (result, _) = install(&release, &bundle, &Seeds::default());
    result.unwrap();
    // A second list that nobody handed over to.
    let second = list(2, 1, &release.certs[..1]).to_bytes().unwrap();
    with_list.splice(2..2, [Entry::file("signers/2.json", &second), Entry::file("signers/2.json.sig", b"")]);
    assert_eq!(refusal_of(&release, &archive(&with_list)), "wrong_signer");
}

#[test]
fn entries_that_a_bundle_does_not_have_are_refused() {
    let named = |name: &str| {
        let name = name.to_owned();
        refusal(move |entries| entries.insert(2, Entry::file(&name, b"x")))
    };
    assert_eq!(named("../../etc/passwd"), "bundle_path_traversal");
    assert_eq!(named("stable/../../x"), "bundle_path_traversal");
    assert_eq!(named("/etc/passwd"), "bundle_absolute_path");
    assert_eq!(named("README"), "bundle_unknown_name");
    let typed = |kind| refusal(move |entries| entries[2].kind = kind);
    assert_eq!(typed(EntryType::Symlink), "bundle_link");
    assert_eq!(typed(EntryType::Link), "bundle_link");
    assert_eq!(typed(EntryType::Char), "bundle_device");
    assert_eq!(typed(EntryType::Fifo), "bundle_device");
    assert_eq!(typed(EntryType::Directory), "bundle_not_a_file");
    assert_eq!(typed(EntryType::XHeader), "bundle_not_a_file", "it could rename the next entry");
    assert_eq!(typed(EntryType::GNULongName), "bundle_not_a_file");
    assert_eq!(typed(EntryType::GNUSparse), "bundle_not_a_file");
}

#[test]
fn entries_at_another_place_or_of_another_size_are_refused() {
    assert_eq!(refusal(|entries| entries.swap(2, 3)), "bundle_out_of_order");
    assert_eq!(refusal(|entries| entries.swap(0, 1)), "bundle_out_of_order");
    assert_eq!(refusal(|entries| drop(entries.remove(1))), "bundle_out_of_order");
    assert_eq!(refusal(|entries| entries.swap(5, 6)), "bundle_out_of_order");
    assert_eq!(refusal(|entries| entries.insert(2, entries[0].clone())), "bundle_duplicate");
    assert_eq!(refusal(|entries| entries[5].content.push(0)), "bundle_other_size");
    assert_eq!(refusal(|entries| entries[0].content.resize(65_537, b' ')), "bundle_entry_too_large");
    assert_eq!(refusal(|entries| entries[2].content[20] ^= 1), "other_content");
    assert_eq!(refusal(|entries| entries[5].content[100] ^= 1), "other_content");
    assert_eq!(refusal(|entries| drop(entries.pop())), "bundle_incomplete");
    assert_eq!(refusal(|entries| entries.truncate(3)), "bundle_incomplete");
    assert_eq!(refusal(Vec::clear), "bundle_incomplete");
}

#[test]
fn an_index_that_nobody_asked_for_is_checked_as_well() {
    let release = Release::new();
    let mut entries = entries(&release);
    // The length of the first chunk's file, by which the entries behind are expected.
    entries[2].content[52] ^= 1;
    let bundle = archive(&entries);
    let error = open(&bundle).index(&release.manifest, PartKind::Uki).unwrap_err();
    assert_eq!(error.code(), "other_content");
    assert_eq!(error.to_string(), "The chunk index of root has other content than was signed.");
}

#[test]
fn a_bundle_for_another_board_says_so() {
    let mut release = Release::new();
    let mut anya_box = AnyaBox::for_release(&release);
    release.manifest.board = "raspberrypi5".parse().unwrap();
    release.publish();
    let [manifest, signatures] = ["", ".sig"].map(|end| {
        let content = &release.files[&format!("stable/qemu-x86_64/manifest.json{end}")];
        Entry::file(&format!("stable/raspberrypi5/manifest.json{end}"), content)
    });
    let bundle = archive(&[manifest, signatures]);
    assert_eq!(anya_box.refusal(&mut open(&bundle)), "other_board");
}

#[test]
fn a_file_that_was_cut_or_damaged_is_refused() {
    let release = Release::new();
    let bundle = archive(&entries(&release));
    let cut = |length: usize| refusal_of(&release, &bundle[..length]);
    assert_eq!(cut(0), "bundle_incomplete");
    assert_eq!(cut(100), "bundle_damaged");
    assert_eq!(cut(600), "truncated");
    assert_eq!(cut(bundle.len() - 100_000), "truncated");
    let mut flipped = bundle.clone();
    flipped[3] ^= 1;
    assert_eq!(refusal_of(&release, &flipped), "bundle_damaged");
    assert_eq!(refusal_of(&release, &noise(4, 10_000)), "bundle_damaged");
    assert_eq!(refusal_of(&release, &noise(4, 10)), "bundle_damaged");
}

#[test]
fn sizes_beyond_4_gib_are_not_read() {
    let release = Release::new();
    let five_gib = 5 << 30;
    let endless = |name: &str| {
        let head = header(name, EntryType::Regular, five_gib);
        let mut source = BundleFile::new(head.chain(std::io::repeat(b' ')), Cancel::default());
        AnyaBox::for_release(&release).refusal(&mut source)
    };
    assert_eq!(endless("stable/qemu-x86_64/manifest.json"), "bundle_entry_too_large");
    assert_eq!(endless("signers/1.json"), "bundle_entry_too_large");
    assert_eq!(endless("stable/qemu-x86_64/1.1.0/root.index"), "bundle_out_of_order");
}

#[test]
fn it_stops_when_it_is_told_to() {
    let release = Release::new();
    let bundle = archive(&entries(&release));
    let cancel = Cancel::default();
    let mut source = BundleFile::new(&bundle[..], cancel.clone());
    cancel.cancel();
    assert_eq!(AnyaBox::for_release(&release).refusal(&mut source), "stopped");
}

#[test]
fn tar_lists_a_bundle() {
    let release = Release::new();
    let entries = entries(&release);
    let mut child = Command::new("tar")
        .args(["-t", "-f", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), &archive(&entries)).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stdout).unwrap(), listing(&entries));
}
