//! The check of a boot partition after a power cut.
//!
//! FAT has no journal. After a cut two names may stand for one content, clusters may belong to no file (a kernel image
//! takes a fifth of the partition), and a name may stand for clusters that the table calls free; whoever writes or
//! removes something then damages something else. `fsck.fat -a` reads the table and the folders, which takes no time
//! that one would notice, and changes what contradicts itself, nothing else:
//!
//! - of two names the first keeps the content, the other has none then; so has the name of free clusters,
//! - clusters that belong to nobody become files `FSCK0000.REC` in the root, which [`remove_salvaged`] removes,
//! - the second table becomes the first one, which is the one that firmware and Linux read.
//!
//! Whatever of that reaches the medium before the power goes again, the next check finds the rest. It is done once
//! after each start, before the partition is mounted.

use std::io;

use ota_core::slots::BootFolder;

/// The program.
pub const PROGRAM: &str = "fsck.fat";

/// What comes before the device: repair what can be, and ask nobody.
pub const REPAIR: &str = "-a";

/// What the check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
    Sound,
    /// Something, which is repaired.
    Repaired,
}

impl Found {
    /// What an exit status means; `None` when the check was not done (fsck.fat(8)).
    pub fn of_status(code: i32) -> Option<Self> {
        match code {
            0 => Some(Self::Sound),
            1 => Some(Self::Repaired),
            _ => None,
        }
    }
}

/// Removes from a folder what a check has put there: nobody needs the remains of files.
///
/// # Errors
/// The system's.
pub fn remove_salvaged(folder: &mut impl BootFolder) -> io::Result<()> {
    let mut salvaged = folder.list()?;
    salvaged.retain(|name| is_salvaged(name));
    for name in &salvaged {
        folder.remove(name)?;
    }
    if salvaged.is_empty() { Ok(()) } else { folder.sync() }
}

/// `FSCK0000.REC`, and `FSCK0000.000` for a name that there was twice.
fn is_salvaged(name: &str) -> bool {
    let Some((number, ending)) = name.strip_prefix("FSCK").and_then(|rest| rest.split_once('.')) else {
        return false;
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(number) && (ending == "REC" || digits(ending))
}

#[cfg(test)]
mod tests {
    use ota_core::simulation::MemoryFolder;

    use super::*;

    #[test]
    fn what_the_check_has_salvaged_goes_and_nothing_else() {
        let mut folder = MemoryFolder::with([
            ("FSCK0000.REC", b"orphans"),
            ("FSCK0012.000", b""),
            ("FSCK.REC", b"a file"),
            ("FSCK0000.efi", b"a file"),
            ("anya_1.0.0+3.efi", b"kernel"),
        ]);
        remove_salvaged(&mut folder).unwrap();
        let left: Vec<_> = folder.on_the_medium().into_keys().collect();
        assert_eq!(left, ["FSCK.REC", "FSCK0000.efi", "anya_1.0.0+3.efi"]);
    }

    #[test]
    fn a_check_that_was_not_done_found_nothing() {
        assert_eq!(
            [0, 1, 2, 137].map(Found::of_status),
            [Some(Found::Sound), Some(Found::Repaired), None, None]
        );
    }
}
