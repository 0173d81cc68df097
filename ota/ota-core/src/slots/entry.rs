//! The names of systemd-boot's entries: `anya_1.2.3+2-1.efi`.
//!
//! Behind the `+` stands how many tries are left, behind the `-` how many were made
//! (systemd.io/AUTOMATIC_BOOT_ASSESSMENT). The loader counts before it starts the entry. A name without
//! `+` is started without being counted.

use std::fmt;

use crate::version::Version;

/// `IMAGE_ID` in the kernel images, and so the sort key of the slots' entries.
pub const IMAGE_ID: &str = "anya";
/// The rescue system's entry: it has no counter.
pub const RESCUE: &str = "anya-rescue.efi";
/// `IMAGE_ID` of the rescue system: behind that of the slots.
pub const RESCUE_IMAGE_ID: &str = "zz-anya-rescue";
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

    /// Whether a file is a kernel image that was not written to the end.
    pub fn is_part(file: &str) -> bool {
        file.strip_suffix(".part").is_some_and(|name| name.starts_with(IMAGE_ID))
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

    proptest! {
        #[test]
        fn arbitrary_names_never_panic(name in "(anya_)?[0-9a-z.+~-]{0,20}(\\.efi)?") {
            if let Some(entry) = EntryName::parse(&name) {
                prop_assert_eq!(EntryName::parse(&entry.to_string()), Some(entry));
            }
        }
    }
}
