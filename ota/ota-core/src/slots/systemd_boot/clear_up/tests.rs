use super::*;
use crate::simulation::MemoryFolder;
use crate::slots::entry::RESCUE;

/// The files with their contents after 1.0.0 was started and has cleared up.
fn cleared_up(files: &[(&str, &str)], running: Option<&str>) -> Vec<(String, String)> {
    let mut folder = MemoryFolder::default();
    for (name, content) in files {
        folder.write(name, &mut content.as_bytes()).unwrap();
    }
    folder.sync().unwrap();
    let running = running.map(|version| version.parse().unwrap());
    SystemdBoot::new(&mut folder).clear_up(running.as_ref()).unwrap();
    // What was not synced is lost here.
    folder.cut(0);
    let text = |content: Vec<u8>| String::from_utf8(content).unwrap();
    folder.on_the_medium().into_iter().map(|(name, content)| (name, text(content))).collect()
}

fn pairs(files: &[(&str, &str)]) -> Vec<(String, String)> {
    files.iter().map(|(name, content)| ((*name).to_owned(), (*content).to_owned())).collect()
}

#[test]
fn names_without_content_and_what_was_being_written_go() {
    let left = [
        ("anya_1.0.0+2-1.efi", "old"),
        ("anya_1.0.0+3.efi", ""),
        ("anya_1.1.0+3.efi", ""),
        ("anya_1.1.0.spare", ""),
        ("anya_1.2.0.part", "ne"),
        ("anya_discarded-0.part", "old"),
        (RESCUE, "rescue"),
        ("notes.txt", ""),
    ];
    let kept = [(RESCUE, "rescue"), ("anya_1.0.0+2-1.efi", "old"), ("notes.txt", "")];
    assert_eq!(cleared_up(&left, Some("1.0.0")), pairs(&kept));
}

#[test]
fn a_kernel_image_that_kept_its_first_name_gets_the_one_that_it_was_to_have() {
    let entry = [("anya_1.1.0+2-1.efi", ""), ("anya_1.1.0.part", "new")];
    assert_eq!(cleared_up(&entry, Some("1.1.0")), pairs(&[("anya_1.1.0+2-1.efi", "new")]));
    let spare = [("anya_1.0.0+3.efi", "old"), ("anya_1.0.0.part", "old"), ("anya_1.0.0.spare", "")];
    assert_eq!(
        cleared_up(&spare, Some("1.0.0")),
        pairs(&[("anya_1.0.0+3.efi", "old"), ("anya_1.0.0.spare", "old")])
    );
}

#[test]
fn what_got_lost_is_put_back_whoever_runs() {
    let lost = [("anya_1.0.0+2-1.efi", "old"), ("anya_1.1.0.spare", "new")];
    let put_back =
        pairs(&[("anya_1.0.0+2-1.efi", "old"), ("anya_1.1.0+3.efi", "new"), ("anya_1.1.0.spare", "new")]);
    for running in [Some("1.0.0"), None] {
        assert_eq!(cleared_up(&lost, running), put_back);
    }
}

#[test]
fn an_entry_whose_long_name_was_torn_off_is_one_again_when_nothing_else_can_run() {
    let only = [("ANYA_1~1.EFI", "new"), ("anya_1.0.0+2-1.efi", "old")];
    assert_eq!(
        cleared_up(&only, Some("1.1.0")),
        pairs(&[("anya_1.0.0+2-1.efi", "old"), ("anya_1.1.0+3.efi", "new")])
    );
    assert_eq!(cleared_up(&only, Some("1.0.0")), pairs(&[("anya_1.0.0+2-1.efi", "old")]));
    assert_eq!(cleared_up(&only, None), pairs(&only), "the rescue system does not know whose it is");
}
