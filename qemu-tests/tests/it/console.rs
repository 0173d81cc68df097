//! What stands on the console of a new box.

use crate::release_box::release_box;
use crate::turn::turn;

#[test]
fn the_console_shows_the_address_the_claim_code_and_the_health_in_text_and_on_the_screen() {
    let turn = turn();
    let made = release_box(&turn);
    let shown = |label: &str| {
        let labelled = |line: &String| Some(line.strip_prefix(label)?.strip_prefix(':')?.trim().to_owned());
        let value = made.console.iter().find_map(labelled);
        value.unwrap_or_else(|| panic!("no {label} on the console: {:#?}", made.console))
    };
    let address = shown("Address");
    assert!(address.starts_with("https://"), "{address}");
    let code = shown("Claim code");
    assert!(code.len() == 9 && code.as_bytes()[4] == b'-', "{code}");
    assert!(!shown("Health").is_empty());
    assert!(made.console.iter().any(|line| line.starts_with("Anya Box ") && line.ends_with("is ready")));
    let alarming = made.console.iter().find(|line| line.contains("did not stop"));
    assert_eq!(alarming, None, "the watchdog that is handed on is nobody's worry");
    // The screen holds text: some of it is lit, and most of it is dark.
    let picture = made.picture;
    let size = picture.width * picture.height;
    assert!(picture.width >= 640 && picture.height >= 350, "{picture:?}");
    assert!(picture.lit > 1000 && picture.lit < size / 2, "{picture:?}");
    assert!(turn.lab.runs().join("tty1.png").exists());
}
