//! What the owner reads: calm, and what to do.

use std::time::Duration;

use ota_core::version::Version;

use crate::attempt::{Again, Trouble};

/// Before the box starts again at once.
pub(crate) fn again(again: &Again) -> String {
    let names = |versions: &[Version]| {
        let names: Vec<String> = versions.iter().map(Version::to_string).collect();
        names.join(" and ")
    };
    match again {
        Again::PutBack(versions) => format!(
            "Anya Box lost the way to version {} when the power went. It is put right; the box starts again.\n",
            names(versions)
        ),
        Again::LastChance(versions) => {
            format!("Anya Box did not start so far. One more try, with version {}.\n", names(versions))
        }
    }
}

/// Why the box waits, and what helps.
pub(crate) fn message(trouble: &Trouble, patience: Duration) -> String {
    let (heading, what) = match trouble {
        Trouble::NothingStarts(versions) => (
            "Anya Box cannot start",
            format!(
                "The box has tried several times, and did not get through, with\n{}\
                 Most often a disk or a plug is the reason.\n",
                versions.iter().map(|version| format!("    version {version}\n")).collect::<String>()
            ),
        ),
        Trouble::Nothing => (
            "Anya Box has no system to start",
            "The box's boot partition is there, and no system is on it.\n".to_owned(),
        ),
        Trouble::BootPartition(why) => (
            "Anya Box cannot read its boot partition",
            format!("The disk may be damaged, or not plugged in well.\n({why})\n"),
        ),
    };
    format!(
        "{heading}\n{}\n\n{what}\
         Your data is where it was: nothing here opens it or changes it.\n\n\
         What you can do:\n\n\
         * Press Enter: the box tries everything once more.\n\
         \u{20} It does so by itself in {} minutes, too.\n\
         * Look whether the disk and all plugs sit well.\n\
         * Does it come back here every time? Then write a new image to the disk,\n\
         \u{20} with a USB stick or another computer. Have your recovery key at hand,\n\
         \u{20} and ask for help before you overwrite data that you still need.\n\n\
         Switching the box off and on does not help.\n",
        "=".repeat(heading.len()),
        minutes(patience)
    )
}

/// Every minute, for who looks later.
pub(crate) fn still_here(left: Duration) -> String {
    format!(
        "Anya Box cannot start. Press Enter to try again; by itself it does in {} minutes.\n",
        minutes(left)
    )
}

/// When the waiting is over.
pub(crate) fn trying_again(failed: Option<&Trouble>) -> String {
    match failed {
        None => "The box tries again.\n".to_owned(),
        Some(Trouble::BootPartition(why)) => format!("The box starts again, but nothing changed: {why}\n"),
        Some(_) => "The box starts again, but there is still no system on it.\n".to_owned(),
    }
}

fn minutes(time: Duration) -> u64 {
    time.as_secs().div_ceil(60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_says_what_is_wrong_what_helps_and_fits_a_screen() {
        let versions = ["1.0.0", "1.1.0-rc.1"].map(|text| text.parse().unwrap()).to_vec();
        let troubles = [
            Trouble::NothingStarts(versions),
            Trouble::Nothing,
            Trouble::BootPartition("input/output".into()),
        ];
        for trouble in &troubles {
            let text = message(trouble, Duration::from_secs(900));
            for shown in ["Press Enter", "in 15 minutes", "off and on does not help", "Your data"] {
                assert!(text.contains(shown), "{shown}:\n{text}");
            }
            assert!(text.lines().count() <= 24, "{text}");
            assert!(text.lines().all(|line| line.len() <= 80), "{text}");
        }
        let text = message(&troubles[0], Duration::from_secs(900));
        assert!(text.contains("    version 1.0.0\n    version 1.1.0-rc.1\n"), "{text}");
        let version = || vec!["1.0.0".parse().unwrap()];
        assert!(again(&Again::LastChance(version())).contains("One more try, with version 1.0.0."));
        assert!(again(&Again::PutBack(version())).contains("version 1.0.0 when the power went."));
        assert!(still_here(Duration::from_secs(61)).contains("in 2 minutes"));
    }
}
