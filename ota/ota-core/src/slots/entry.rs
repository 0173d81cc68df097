//! The names of systemd-boot's entries: `anya_1.2.3+2-1.efi`.
//!
//! Behind the `+` stands how many tries are left, behind the `-` how many were made
//! (systemd.io/AUTOMATIC_BOOT_ASSESSMENT). The loader counts before it starts the entry. A name without
//! `+` is started without being counted.
//!
//! Beside them lie files that the loader ignores, as they do not end in `.efi`: kernel images that are being
//! written (`anya_1.2.3.part`), and the spare, a copy for the case that an entry gets lost (`anya_1.2.3.spare`).

use std::fmt;

use crate::version::Version;

/// `IMAGE_ID` in the kernel images, and so the sort key of the slots' entries.
pub const IMAGE_ID: &str = "anya";
/// The rescue system's entry: it has no counter.
pub const RESCUE: &str = "anya-rescue.efi";
/// `IMAGE_ID` of the rescue system: behind that of the slots.
pub const RESCUE_IMAGE_ID: &str = "zz-anya-rescue";
/// How the name of a spare ends.
const SPARE: &str = ".spare";
/// How many tries a system has.
pub const TRIES: u32 = 3;

/// What the loader counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tries {
    /// Tries left; with none, the entry comes last.
    pub left: u32,
    /// Tries made since the counter was set.
    pub done: u32,
}

impl Tries {
    /// All tries left, none made.
    pub const ALL: Self = Self { left: TRIES, done: 0 };

    /// No try left, none made. No counting leads here.
    pub const NONE: Self = Self { left: 0, done: 0 };

    /// What the loader makes of it when it starts the entry.
    #[must_use]
    pub fn counted(self) -> Self {
        Self { left: self.left.saturating_sub(1), done: self.done.saturating_add(1).min(i32::MAX as u32) }
    }
}

/// The name of a slot's entry.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EntryName {
    /// The version in the slot.
    pub version: Version,
    /// Its counter; an entry without one is never counted.
    pub tries: Option<Tries>,
}

impl EntryName {
    /// The entry of a version that has all its tries.
    pub fn fresh(version: &Version) -> Self {
        Self { version: version.clone(), tries: Some(Tries::ALL) }
    }

    /// The name under which a kernel image is written; the loader ignores it.
    pub fn part(version: &Version) -> String {
        format!("{IMAGE_ID}_{}.part", version.loader_form())
    }

    /// Reads the name of a file; `None` when it is not that of a slot's entry.
    pub fn parse(file: &str) -> Option<Self> {
        let name = file.strip_suffix(".efi")?.strip_prefix(IMAGE_ID)?.strip_prefix('_')?;
        let (version, tries) = match name.rsplit_once('+') {
            None => (name, None),
            Some((version, tries)) => {
                let (left, done) = tries.split_once('-').unwrap_or((tries, "0"));
                (version, Some(Tries { left: counter(left)?, done: counter(done)? }))
            }
        };
        Some(Self { version: Version::from_loader_form(version).ok()?, tries })
    }

    /// Whether a file is a kernel image that was not written to the end, or is about to be removed.
    pub fn is_part(file: &str) -> bool {
        file.strip_suffix(".part").is_some_and(|name| name.starts_with(IMAGE_ID))
    }

    /// The name of the copy that makes up for an entry that got lost; the loader ignores it.
    pub fn spare(version: &Version) -> String {
        format!("{IMAGE_ID}_{}{SPARE}", version.loader_form())
    }

    /// The version whose spare a file is; `None` when it is no spare.
    pub fn spare_of(file: &str) -> Option<Version> {
        let version = file.strip_suffix(SPARE)?.strip_prefix(IMAGE_ID)?.strip_prefix('_')?;
        Version::from_loader_form(version).ok()
    }

    /// Whether the loader takes a file for an entry, and the box does not know it: what is left of an entry whose
    /// long name was torn off goes by its short name, `ANYA_1~1.EFI`.
    pub fn is_stray(file: &str) -> bool {
        let is_entry = file.to_ascii_lowercase().ends_with(".efi");
        is_entry && file != RESCUE && Self::parse(file).is_none()
    }
}

/// A counter as the loader reads it: digits, up to the largest `int`.
fn counter(digits: &str) -> Option<u32> {
    let all_digits = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    digits.parse().ok().filter(|&count: &u32| all_digits && i32::try_from(count).is_ok())
}

impl fmt::Display for EntryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{IMAGE_ID}_{}", self.version.loader_form())?;
        match self.tries {
            None => {}
            Some(Tries { left, done: 0 }) => write!(f, "+{left}")?,
            Some(Tries { left, done }) => write!(f, "+{left}-{done}")?,
        }
        f.write_str(".efi")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_loader_counts_down_to_none() {
        let mut entry = EntryName::fresh(&"1.2.3-rc.1".parse().unwrap());
        let mut names = vec![entry.to_string()];
        for _ in 0..4 {
            entry.tries = entry.tries.map(Tries::counted);
            names.push(entry.to_string());
        }
        let series = ["+3", "+2-1", "+1-2", "+0-3", "+0-4"];
        assert_eq!(names, series.map(|tries| format!("anya_1.2.3~rc.1{tries}.efi")));
        for name in names {
            assert_eq!(EntryName::parse(&name).unwrap().to_string(), name);
        }
        assert_eq!(EntryName::parse("anya_1.2.3+3-0.efi"), Some(EntryName::fresh(&"1.2.3".parse().unwrap())));
        assert_eq!(EntryName::parse("anya_1.2.3.efi").unwrap().tries, None);
    }

    #[test]
    fn what_is_no_entry_of_a_slot_is_left_alone() {
        for name in [
            RESCUE,
            "anya_1.2.3.part",
            "anya_1.2.3+3.efi.part",
            "anya_1.2.3.spare",
            "anya_1.2.3+.efi",
            "anya_1.2.3+-1.efi",
            "anya_1.2.3+3-.efi",
            "anya_1.2.3++3.efi",
            "anya_1.2.3+2147483648.efi",
            "anya_1.2.3+ 3.efi",
            "anya_.efi",
            "debian_1.2.3+3.efi",
            "anya_1.2.3-rc.1+3.efi",
        ] {
            assert_eq!(EntryName::parse(name), None, "{name}");
        }
        assert!(EntryName::is_part("anya_1.2.3.part") && !EntryName::is_part("anya_1.2.3+3.efi"));
    }

    #[test]
    fn a_spare_says_of_which_version_it_is() {
        let version = "1.2.3-rc.1".parse().unwrap();
        assert_eq!(EntryName::spare(&version), "anya_1.2.3~rc.1.spare");
        assert_eq!(EntryName::spare_of("anya_1.2.3~rc.1.spare"), Some(version));
        for name in
            ["anya_1.2.3.part", "anya_1.2.3+3.efi", "anya_.spare", "anya_1.2.3+3.spare", "1.2.3.spare"]
        {
            assert_eq!(EntryName::spare_of(name), None, "{name}");
        }
    }

    #[test]
    fn what_the_loader_would_start_and_the_box_does_not_know_is_told() {
        assert!(["ANYA_1~1.EFI", "other.efi"].iter().all(|file| EntryName::is_stray(file)));
        for name in [RESCUE, "anya_1.2.3+3.efi", "anya_1.2.3.spare", "anya_1.2.3.part", "notes.txt"] {
            assert!(!EntryName::is_stray(name), "{name}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_names_never_panic(name in "(anya_)?[0-9a-z.+~-]{0,20}(\\.efi)?") {
            if let Some(entry) = EntryName::parse(&name) {
                prop_assert_eq!(EntryName::parse(&entry.to_string()), Some(entry));
            }
        }
    }
}
