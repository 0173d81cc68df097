use super::*;
use crate::simulation::{MemoryFolder, systemd_boot};
use crate::slots::entry::RESCUE;
use crate::slots::{BootLoader, LoaderError, Marked, Slot};

fn system(version: &str) -> System {
    System { slot: Slot::A, version: version.parse().unwrap() }
}

fn folder(files: &[(&str, &str)]) -> MemoryFolder {
    let mut folder = MemoryFolder::default();
    for (name, content) in files {
        folder.write(name, &mut content.as_bytes()).unwrap();
    }
    folder.sync().unwrap();
    folder
}

fn shown(folder: &MemoryFolder) -> Vec<(String, String)> {
    let text = |content: Vec<u8>| String::from_utf8(content).unwrap();
    folder.on_the_medium().into_iter().map(|(name, content)| (name, text(content))).collect()
}

/// The files after a version was marked good, without what was not synced.
fn marked_good(files: &[(&str, &str)], version: &str) -> Vec<(String, String)> {
    let mut folder = folder(files);
    let marked = SystemdBoot::new(&mut folder).mark_good(&system(version)).unwrap();
    assert!(matches!(marked, Marked::Fully), "{marked:?}");
    folder.cut(0);
    shown(&folder)
}

fn pairs(files: &[(&str, &str)]) -> Vec<(String, String)> {
    files.iter().map(|(name, content)| ((*name).to_owned(), (*content).to_owned())).collect()
}

#[test]
fn the_version_that_is_good_has_the_spare() {
    let good =
        pairs(&[("anya_1.0.0+3.efi", "old"), ("anya_1.1.0+3.efi", "new"), ("anya_1.1.0.spare", "new")]);
    let entries = [("anya_1.0.0+3.efi", "old"), ("anya_1.1.0+2-1.efi", "new")];
    for left in [&[][..], &[("anya_1.0.0.spare", "old")], &[("anya_1.1.0.spare", "ne")]] {
        assert_eq!(marked_good(&[&entries, left].concat(), "1.1.0"), good, "{left:?}");
    }
}

#[test]
fn a_spare_that_is_there_is_not_written_again() {
    let mut folder = folder(&[("anya_1.0.0+3.efi", "old"), ("anya_1.0.0.spare", "old")]);
    folder.set_fuse(Some(0));
    assert!(matches!(SystemdBoot::new(&mut folder).mark_good(&system("1.0.0")), Ok(Marked::Fully)));
}

#[test]
fn an_entry_that_got_lost_is_put_back_with_all_its_tries_before_its_spare_goes() {
    let lost = [("anya_1.0.0+0-4.efi", "old"), ("anya_1.1.0.spare", "new"), (RESCUE, "rescue")];
    let expected = [
        (RESCUE, "rescue"),
        ("anya_1.0.0+3.efi", "old"),
        ("anya_1.0.0.spare", "old"),
        ("anya_1.1.0+3.efi", "new"),
    ];
    assert_eq!(marked_good(&lost, "1.0.0"), pairs(&expected));
    let mut alone = folder(&[("anya_1.1.0.spare", "new"), (RESCUE, "rescue")]);
    let put_back = SystemdBoot::new(&mut alone).put_back().unwrap();
    assert_eq!(put_back, ["1.1.0".parse().unwrap()]);
    assert_eq!(SystemdBoot::new(&mut alone).put_back().unwrap(), [], "it has an entry now");
    let expected = [(RESCUE, "rescue"), ("anya_1.1.0+3.efi", "new"), ("anya_1.1.0.spare", "new")];
    assert_eq!(shown(&alone), pairs(&expected));
}

#[test]
fn a_version_is_alone_only_with_its_spare() {
    let mut folder = folder(&[
        ("anya_1.0.0+3.efi", "old"),
        ("anya_1.1.0+0-3.efi", "new"),
        ("anya_1.1.0.spare", "new"),
        ("ANYA_1~1.EFI", "left"),
    ]);
    SystemdBoot::new(&mut folder).forget_all_but(&system("1.0.0")).unwrap();
    assert_eq!(shown(&folder), pairs(&[("anya_1.0.0+3.efi", "old"), ("anya_1.0.0.spare", "old")]));
}

#[test]
fn what_is_half_removed_is_never_started() {
    // An update that was armed, and never started, gives way to another one.
    let before =
        folder(&[("anya_1.0.0+3.efi", "old"), ("anya_1.0.0.spare", "old"), ("anya_1.1.0+3.efi", "new")]);
    for fuse in 0..16 {
        for chance in 0..512 {
            let mut folder = before.clone();
            folder.set_fuse(Some(fuse));
            let _ = SystemdBoot::new(&mut folder).forget_all_but(&system("1.0.0"));
            folder.cut(chance);
            let (entry, content) = systemd_boot(&mut folder).unwrap();
            assert!([&b"old"[..], b"new"].contains(&content.as_slice()), "{} {fuse} {chance}", entry.file);
        }
    }
}

/// A folder without room for one more file.
#[derive(Debug)]
struct Full(MemoryFolder);

impl BootFolder for Full {
    fn list(&self) -> std::io::Result<Vec<String>> {
        self.0.list()
    }

    fn read(&self, name: &str, limit: usize) -> std::io::Result<Vec<u8>> {
        self.0.read(name, limit)
    }

    fn size(&self, name: &str) -> std::io::Result<u64> {
        self.0.size(name)
    }

    fn write(&mut self, name: &str, _: &mut dyn std::io::Read) -> std::io::Result<crate::manifest::Content> {
        self.0.write(name, &mut &b"pa"[..])?;
        Err(std::io::ErrorKind::StorageFull.into())
    }

    fn copy(&mut self, _: &str, to: &str) -> std::io::Result<bool> {
        self.0.write(to, &mut &b"pa"[..])?;
        Err(std::io::ErrorKind::StorageFull.into())
    }

    fn rename(&mut self, from: &str, to: &str) -> std::io::Result<()> {
        self.0.rename(from, to)
    }

    fn remove(&mut self, name: &str) -> std::io::Result<()> {
        self.0.remove(name)
    }

    fn sync(&mut self) -> std::io::Result<()> {
        self.0.sync()
    }
}

#[test]
fn without_room_for_a_spare_a_version_is_good_but_does_not_stay_alone() {
    let mut full = Full(folder(&[("anya_1.0.0+2-1.efi", "old"), ("anya_1.1.0+0-3.efi", "new")]));
    let mut loader = SystemdBoot::new(&mut full);
    let Marked::WithoutSpare(error) = loader.mark_good(&system("1.0.0")).unwrap() else { panic!("a spare") };
    assert_eq!(error.to_string(), "writing anya_1.0.0.part");
    let forgotten = loader.forget_all_but(&system("1.0.0"));
    assert!(matches!(forgotten, Err(LoaderError::Write { .. })), "{forgotten:?}");
    assert_eq!(shown(&full.0), pairs(&[("anya_1.0.0+3.efi", "old"), ("anya_1.1.0+0-3.efi", "new")]));
}
