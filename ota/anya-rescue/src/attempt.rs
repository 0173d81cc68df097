//! What is done to the boot loader's entries, and what stands in the way.

use std::error::Error;

use ota_core::slots::{BootFolder, LoaderError, SystemdBoot};
use ota_core::version::Version;

/// Why the box stays in the rescue system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Every system had its tries and a last chance.
    NothingStarts(Vec<Version>),
    /// There is no system.
    Nothing,
    /// The boot partition cannot be read or written; why.
    BootPartition(String),
}

/// What the box starts again for, at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Again {
    /// The entries of these versions were lost, and are put back.
    PutBack(Vec<Version>),
    /// These versions get one more try.
    LastChance(Vec<Version>),
}

/// Puts back entries that got lost; with none, gives every slot without a try one more, unless it had that already.
/// `checked` tells whether the file system is, so that what a power cut left in it can be cleared up. A slot that was
/// put back is counted as any other, and so comes to its last chance.
///
/// # Errors
/// There is nothing to start again for: why.
pub(crate) fn help(folder: &mut impl BootFolder, checked: bool) -> Result<Again, Trouble> {
    let mut loader = SystemdBoot::new(&mut *folder);
    let put_back = if checked { loader.clear_up(None) } else { loader.put_back() };
    match put_back {
        Ok(versions) if !versions.is_empty() => Ok(Again::PutBack(versions)),
        // A system that is there may still start when another one cannot be put back.
        Ok(_) => last_chance(folder).map(Again::LastChance),
        Err(error) => last_chance(folder).map(Again::LastChance).map_err(|_| broken(&error)),
    }
}

/// Gives every slot without a try one more, unless it had that already.
///
/// # Errors
/// None got one: why.
fn last_chance(folder: &mut impl BootFolder) -> Result<Vec<Version>, Trouble> {
    let got = SystemdBoot::new(&mut *folder).last_chance().map_err(|error| broken(&error))?;
    if !got.is_empty() {
        return Ok(got);
    }
    let files = folder.list().map_err(|error| Trouble::BootPartition(error.to_string()))?;
    let mut versions: Vec<Version> = files.iter().filter_map(|file| version(file)).collect();
    versions.sort();
    versions.dedup();
    Err(if versions.is_empty() { Trouble::Nothing } else { Trouble::NothingStarts(versions) })
}

/// Gives every slot all its tries.
///
/// # Errors
/// None got them: why.
pub(crate) fn try_all_again(folder: &mut impl BootFolder) -> Result<Vec<Version>, Trouble> {
    let got = SystemdBoot::new(folder).try_all_again().map_err(|error| broken(&error))?;
    if got.is_empty() { Err(Trouble::Nothing) } else { Ok(got) }
}

fn version(file: &str) -> Option<Version> {
    ota_core::slots::entry::EntryName::parse(file).map(|entry| entry.version)
}

fn broken(error: &LoaderError) -> Trouble {
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    Trouble::BootPartition(format!("{error}{cause}"))
}

#[cfg(test)]
mod tests {
    use ota_core::simulation::{MemoryFolder, systemd_boot};

    use super::*;

    fn names(folder: &MemoryFolder) -> Vec<String> {
        folder.on_the_medium().into_keys().collect()
    }

    fn versions(names: &[&str]) -> Vec<Version> {
        names.iter().map(|name| name.parse().unwrap()).collect()
    }

    #[test]
    fn every_slot_gets_one_last_chance_and_then_all_its_tries_when_the_owner_says_so() {
        let mut folder = MemoryFolder::with([
            ("anya_1.0.0+0-3.efi", b"old"),
            ("anya_1.1.0+0-3.efi", b"new"),
            ("anya-rescue.efi", b"us"),
        ]);
        let mut got = last_chance(&mut folder).unwrap();
        got.sort();
        assert_eq!(got, versions(&["1.0.0", "1.1.0"]));
        assert_eq!(names(&folder), ["anya-rescue.efi", "anya_1.0.0+1-3.efi", "anya_1.1.0+1-3.efi"]);

        let mut folder = MemoryFolder::with([
            ("anya_1.0.0+0-4.efi", b"old"),
            ("anya_1.1.0+0-4.efi", b"new"),
            ("anya-rescue.efi", b"us"),
        ]);
        let trouble = last_chance(&mut folder).unwrap_err();
        assert_eq!(trouble, Trouble::NothingStarts(versions(&["1.0.0", "1.1.0"])));
        try_all_again(&mut folder).unwrap();
        assert_eq!(names(&folder), ["anya-rescue.efi", "anya_1.0.0+3.efi", "anya_1.1.0+3.efi"]);
    }

    #[test]
    fn a_system_whose_entry_got_lost_is_put_back_before_anything_else() {
        for checked in [true, false] {
            let mut folder = MemoryFolder::with([
                ("anya_1.0.0+0-4.efi", b"old"),
                ("anya_1.1.0.spare", b"new"),
                ("anya-rescue.efi", b"us!"),
            ]);
            assert_eq!(help(&mut folder, checked), Ok(Again::PutBack(versions(&["1.1.0"]))));
            let put_back = ["anya-rescue.efi", "anya_1.0.0+0-4.efi", "anya_1.1.0+3.efi", "anya_1.1.0.spare"];
            assert_eq!(names(&folder), put_back);
            let trouble = Trouble::NothingStarts(versions(&["1.0.0", "1.1.0"]));
            assert_eq!(help(&mut folder, checked), Err(trouble), "once");
        }
    }

    #[test]
    fn what_was_put_back_is_counted_until_the_box_waits() {
        let mut folder = MemoryFolder::with([("anya_1.0.0.spare", b"old"), ("anya-rescue.efi", b"us!")]);
        let mut starts = Vec::new();
        for _ in 0..9 {
            let (entry, _) = systemd_boot(&mut folder).unwrap();
            starts.push(match entry.file.as_str() {
                "anya-rescue.efi" => match help(&mut folder, true) {
                    Ok(Again::PutBack(_)) => "put back".to_owned(),
                    Ok(Again::LastChance(_)) => "last chance".to_owned(),
                    Err(_) => "waits".to_owned(),
                },
                file => file.to_owned(),
            });
        }
        let tries = ["anya_1.0.0+2-1.efi", "anya_1.0.0+1-2.efi", "anya_1.0.0+0-3.efi"];
        let expected =
            [&["put back"], &tries[..], &["last chance", "anya_1.0.0+0-4.efi", "waits", "waits", "waits"]];
        assert_eq!(starts, expected.concat());
    }

    #[test]
    fn a_folder_without_systems_and_one_that_cannot_be_written_are_told_apart() {
        let mut folder = MemoryFolder::with([("anya-rescue.efi", b"us")]);
        assert_eq!(last_chance(&mut folder), Err(Trouble::Nothing));
        assert_eq!(try_all_again(&mut folder), Err(Trouble::Nothing));

        let mut folder = MemoryFolder::with([("anya_1.0.0+0-3.efi", b"old")]);
        folder.set_fuse(Some(0));
        assert!(matches!(last_chance(&mut folder), Err(Trouble::BootPartition(_))));
        folder.set_fuse(Some(0));
        assert!(matches!(try_all_again(&mut folder), Err(Trouble::BootPartition(_))));
    }
}
