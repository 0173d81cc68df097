//! The states of a guest, as its serial console tells them.
//!
//! A machine goes through them in order; a reboot starts again at [`State::Firmware`]. Whether the service
//! is ready or tells a fault is asked from the service itself ([`crate::box_client`]).

/// What a guest is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// The firmware runs, or nothing was heard yet.
    Firmware,
    /// The firmware started the boot loader.
    Loader,
    /// The boot loader's choice was refused by Secure Boot.
    Refused,
    /// The kernel runs.
    Kernel,
    /// The initrd's program runs.
    Initrd,
    /// systemd runs in the root.
    Userspace,
    /// The service showed its banner.
    Ready,
    /// The service shows a fault, and a page that tells of it.
    Fault,
    /// The rescue system says that no system starts, and waits.
    Rescue,
    /// A shell for emergencies asks for somebody: what no owner may ever meet.
    Emergency,
    /// The kernel gave up.
    Panic,
    /// QEMU has ended.
    PoweredOff,
}

/// Parts of console lines, and what they mean. Order matters: the first that fits counts.
const SIGNS: &[(&str, State)] = &[
    ("Kernel panic - not syncing", State::Panic),
    ("emergency mode", State::Emergency),
    ("Emergency Mode", State::Emergency),
    ("rescue mode", State::Emergency),
    ("Press Enter for maintenance", State::Emergency),
    ("Cannot open access to console, the root account is locked", State::Emergency),
    ("Access Denied", State::Refused),
    ("Access denied", State::Refused),
    ("Security Violation", State::Refused),
    ("BdsDxe: starting", State::Loader),
    ("BdsDxe:", State::Firmware),
    ("EFI stub:", State::Kernel),
    ("Linux version ", State::Kernel),
    ("anya-initrd: begins", State::Initrd),
    ("anya-initrd: the root is there", State::Userspace),
    ("Anya Box cannot start", State::Rescue),
];

/// The state that a line of the console tells of, if it tells of one.
#[must_use]
pub fn of_line(line: &str) -> Option<State> {
    // On the dev image the root shell's prompt may stand before it.
    if line.contains("Anya Box ") {
        let headings = [("is ready", State::Ready), ("needs you", State::Fault)];
        if let Some((_, state)) = headings.iter().find(|(end, _)| line.ends_with(end)) {
            return Some(*state);
        }
    }
    SIGNS.iter().find(|(sign, _)| line.contains(sign)).map(|(_, state)| *state)
}

impl State {
    /// The guest will not get to its service from here by itself.
    #[must_use]
    pub fn is_bad(self) -> bool {
        matches!(self, Self::Refused | Self::Rescue | Self::Emergency | Self::Panic | Self::PoweredOff)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_real_consoles_tell_their_state() {
        for (line, state) in [
            (
                r#"BdsDxe: loading Boot0001 "UEFI Misc Device" from PciRoot(0x0)/Pci(0x1,0x0)"#,
                Some(State::Firmware),
            ),
            (
                r#"BdsDxe: starting Boot0001 "UEFI Misc Device" from PciRoot(0x0)/Pci(0x1,0x0)"#,
                Some(State::Loader),
            ),
            ("Error loading EFI binary \\EFI\\Linux\\anya_1.efi: Access denied", Some(State::Refused)),
            ("Anya Box 0.1.0 is ready", Some(State::Ready)),
            ("root@anya:/# Anya Box 0.1.0 is ready", Some(State::Ready)),
            ("[  OK  ] Started anyad.service - Anya Box.", None),
            ("Anya Box 0.1.0 needs you", Some(State::Fault)),
            ("[   12.3] Kernel panic - not syncing: dm-verity device corrupted", Some(State::Panic)),
            ("You are in emergency mode. After logging in, type", Some(State::Emergency)),
            ("Anya Box cannot start", Some(State::Rescue)),
            ("Claim code:   1234-5678", None),
        ] {
            assert_eq!(of_line(line), state, "{line}");
        }
    }
}
