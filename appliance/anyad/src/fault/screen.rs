//! What the console shows in fault mode.

use appliance_core::fingerprint::Fingerprint;

use crate::console::{Screen, certificate_lines};

/// The problem, and where the page that helps is. The code for erasing and restarting comes beside it.
pub(super) fn of(problem: &str, urls: &[String], fingerprint: &Fingerprint) -> Screen {
    Screen::new(format!("Anya Box {} needs you", crate::version::running()))
        .field("Problem", problem)
        .field("What to do", "Open the address below in a browser; the page says what helps.")
        .lines("Address", urls.iter().map(String::as_str))
        .lines("Certificate", certificate_lines(&fingerprint.words().join(" "), &fingerprint.hex()))
}
