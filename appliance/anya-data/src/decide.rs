//! What to do next about the volume. Pure: facts in, a step out.

use hal_api::volume::{ClosedReason, Protection};

use crate::header::Header;

/// What became of making partitions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Making {
    /// Not tried yet.
    #[default]
    NotTried,
    /// It was done.
    Done,
    /// It failed; the program's last complaint.
    Failed(String),
}

/// What is known of the volume.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Whether the box's disk was found.
    pub(crate) disk: bool,
    /// Whether it has a data partition.
    pub(crate) partition: bool,
    pub(crate) making: Making,
    /// Whether the machine has a TPM, and the image was measured into it.
    pub(crate) tpm: bool,
    /// The partition's header; `None` when it has none that can be read.
    pub(crate) header: Option<Header>,
    /// Whether the empty key opens it.
    pub(crate) opens_with_empty_key: bool,
    /// Whether it is open already.
    pub(crate) mapped: bool,
}

/// How the volume is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Tpm,
    EmptyKey,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Make the missing partitions; whether for a machine with a TPM.
    MakePartitions { tpm: bool },
    /// Open the volume.
    Attach(Way),
    /// It is open: check and mount its file system.
    Mount,
    /// It stays closed.
    Close(ClosedReason, String),
}

/// The next step.
pub(crate) fn next_step(facts: &Facts) -> Step {
    let close = |reason, detail: &str| Step::Close(reason, detail.to_owned());
    if facts.mapped {
        return Step::Mount;
    }
    if !facts.disk {
        return close(ClosedReason::NoDisk, "no disk that carries this system was found");
    }
    if !facts.partition {
        return match &facts.making {
            Making::NotTried => Step::MakePartitions { tpm: facts.tpm },
            Making::Done => close(ClosedReason::NoRoom, "there is no data partition after making it"),
            Making::Failed(complaint) => close(reason_of_failed_making(complaint), complaint),
        };
    }
    let Some(header) = &facts.header else {
        return close(ClosedReason::Damaged, "the partition has no LUKS2 header that can be read");
    };
    match (facts.tpm, header.tpm) {
        (true, _) if facts.opens_with_empty_key => {
            close(ClosedReason::OpensWithoutKey, "the empty key opens the volume, and the machine has a TPM")
        }
        (true, true) => Step::Attach(Way::Tpm),
        (true, false) => close(ClosedReason::TpmRefused, "no key of the volume is sealed to a TPM"),
        (false, true) => close(ClosedReason::TpmMissing, "the volume is sealed to a TPM, and there is none"),
        (false, false) => Step::Attach(Way::EmptyKey),
    }
}

/// Why a volume is closed that could not be opened this way.
pub(crate) fn reason_of_failed_attach(way: Way) -> ClosedReason {
    match way {
        Way::Tpm => ClosedReason::TpmRefused,
        // The key is right, as it is none: the header lies.
        Way::EmptyKey => ClosedReason::Damaged,
    }
}

/// systemd-repart says which disk cannot hold what is asked for; anything else is the disk's own fault.
fn reason_of_failed_making(complaint: &str) -> ClosedReason {
    let complaint = complaint.to_ascii_lowercase();
    let is_room = ["fit", "no space", "free space", "too small"].iter().any(|word| complaint.contains(word));
    if is_room { ClosedReason::NoRoom } else { ClosedReason::Damaged }
}

/// Whether `e2fsck -p` left a file system that can be used (e2fsck(8), "EXIT CODE").
pub(crate) fn is_sound(code: i32) -> bool {
    (0..4).contains(&code)
}

/// What protects a volume with this header.
pub(crate) fn protection(header: Option<&Header>, tpm: bool) -> Protection {
    match header {
        Some(Header { tpm: true, .. }) => Protection::Tpm,
        Some(Header { recovery_slots, .. }) if !recovery_slots.is_empty() => Protection::Tpm,
        Some(_) => Protection::None,
        None if tpm => Protection::Tpm,
        None => Protection::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed() -> Header {
        Header { tpm: true, recovery_slots: vec![2] }
    }

    /// A disk with a data partition of this header.
    fn facts(tpm: bool, header: Option<Header>, opens_with_empty_key: bool) -> Facts {
        Facts { disk: true, partition: true, tpm, header, opens_with_empty_key, ..Facts::default() }
    }

    fn reason(facts: &Facts) -> ClosedReason {
        match next_step(facts) {
            Step::Close(reason, detail) if !detail.is_empty() => reason,
            step => panic!("{step:?} for {facts:?}"),
        }
    }

    #[test]
    fn a_first_boot_makes_the_partitions_for_the_machine_that_it_is() {
        for tpm in [true, false] {
            let facts = Facts { disk: true, tpm, ..Facts::default() };
            assert_eq!(next_step(&facts), Step::MakePartitions { tpm });
        }
    }

    #[test]
    fn what_cannot_be_made_is_told_apart() {
        let made = |making| Facts { disk: true, making, ..Facts::default() };
        let failed = |text: &str| made(Making::Failed(text.to_owned()));
        assert_eq!(
            reason(&failed("Can't fit requested partitions into available free space (1M), refusing.")),
            ClosedReason::NoRoom
        );
        assert_eq!(reason(&failed("Input/output error")), ClosedReason::Damaged);
        assert_eq!(reason(&made(Making::Done)), ClosedReason::NoRoom);
        assert_eq!(reason(&Facts::default()), ClosedReason::NoDisk);
    }

    #[test]
    fn a_volume_opens_only_the_way_it_was_made() {
        assert_eq!(next_step(&facts(true, Some(sealed()), false)), Step::Attach(Way::Tpm));
        assert_eq!(next_step(&facts(false, Some(Header::default()), true)), Step::Attach(Way::EmptyKey));
        assert_eq!(reason(&facts(false, Some(sealed()), false)), ClosedReason::TpmMissing);
        assert_eq!(reason(&facts(true, Some(Header::default()), false)), ClosedReason::TpmRefused);
        assert_eq!(reason(&facts(true, None, false)), ClosedReason::Damaged);
        assert_eq!(reason(&facts(false, None, false)), ClosedReason::Damaged);
    }

    #[test]
    fn beside_a_tpm_the_empty_key_never_opens_anything() {
        for header in [sealed(), Header::default()] {
            assert_eq!(reason(&facts(true, Some(header), true)), ClosedReason::OpensWithoutKey);
        }
    }

    #[test]
    fn an_open_volume_is_mounted_only() {
        assert_eq!(next_step(&Facts { mapped: true, ..Facts::default() }), Step::Mount);
    }

    #[test]
    fn only_what_was_repaired_is_sound() {
        let sound: Vec<_> = (0..16).filter(|code| is_sound(*code)).collect();
        assert_eq!(sound, [0, 1, 2, 3]);
        assert!(!is_sound(128 + 9));
    }

    #[test]
    fn a_volume_whose_tpm_key_was_lost_half_way_is_still_a_protected_one() {
        let half_way = Header { tpm: false, recovery_slots: vec![2] };
        assert_eq!(protection(Some(&half_way), true), Protection::Tpm);
        assert_eq!(protection(Some(&Header::default()), false), Protection::None);
        assert_eq!(protection(None, true), Protection::Tpm);
    }
}
