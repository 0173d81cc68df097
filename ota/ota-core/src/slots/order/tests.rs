use proptest::prelude::*;

use super::*;
use crate::version::Version;

fn chosen(files: &[&str]) -> String {
    choose(files.iter().copied()).map(|entry| entry.file).unwrap_or_default()
}

#[test]
fn versions_are_compared_as_the_specification_says() {
    // From the examples of UAPI.10 and of systemd's own tests, oldest first.
    let order = [
        "122.1",
        "123~rc1-1",
        "123",
        "123-a",
        "123-a.1",
        "123-1",
        "123-1.1",
        "123^post1",
        "123.a-1",
        "123.1-1",
        "123a-1",
        "124-1",
    ];
    for (at, older) in order.iter().enumerate() {
        assert_eq!(compare_versions(older, older), Ordering::Equal);
        for newer in &order[at + 1..] {
            assert_eq!(compare_versions(older, newer), Ordering::Less, "{older} {newer}");
            assert_eq!(compare_versions(newer, older), Ordering::Greater, "{newer} {older}");
        }
    }
    for (a, b) in [("123_aa2", "123_aa2"), ("1.01", "1.1"), ("_a", "a"), ("", "")] {
        assert_eq!(compare_versions(a, b), Ordering::Equal, "{a} {b}");
    }
}

#[test]
fn the_newest_with_a_try_left_is_started() {
    for (files, expected) in [
        (&["anya_1.0.0+3.efi", "anya_1.1.0+3.efi"][..], "anya_1.1.0+3.efi"),
        (&["anya_1.9.0+3.efi", "anya_1.10.0+1-2.efi"], "anya_1.10.0+1-2.efi"),
        (&["anya_1.0.0+3.efi", "anya_1.1.0+0-3.efi"], "anya_1.0.0+3.efi"),
        (&["anya_1.0.0.efi", "anya_1.1.0+0-3.efi"], "anya_1.0.0.efi"),
        (&["anya_1.1.0-rc.1+3.efi", "anya_1.0.0+3.efi"], "anya_1.0.0+3.efi"),
        (&["anya_1.1.0~rc.1+3.efi", "anya_1.1.0+3.efi"], "anya_1.1.0+3.efi"),
        // A kernel image that is being written is no entry.
        (&["anya_1.0.0+3.efi", "anya_1.1.0.part"], "anya_1.0.0+3.efi"),
        // Twins: the one with more tries.
        (&["anya_1.0.0+1-2.efi", "anya_1.0.0+3.efi"], "anya_1.0.0+3.efi"),
        (&[], ""),
    ] {
        assert_eq!(chosen(files), expected, "{files:?}");
    }
}

#[test]
fn the_rescue_system_is_behind_slots_with_tries_and_before_those_without() {
    assert_eq!(chosen(&[RESCUE, "anya_1.0.0+1-2.efi"]), "anya_1.0.0+1-2.efi");
    assert_eq!(chosen(&[RESCUE, "anya_1.0.0+0-3.efi", "anya_1.1.0+0-3.efi"]), RESCUE);
    // Without it, what has failed is started for ever.
    assert_eq!(chosen(&["anya_1.0.0+0-3.efi", "anya_1.1.0+0-3.efi"]), "anya_1.1.0+0-3.efi");
}

fn versions() -> impl Strategy<Value = Version> {
    let number = 0_u32..12;
    let pre = prop::option::of(("alpha|beta|rc|r", 0_u32..12));
    (number.clone(), number.clone(), number, pre).prop_map(|(major, minor, patch, pre)| {
        let pre = pre.map(|(word, number)| format!("-{word}.{number}")).unwrap_or_default();
        format!("{major}.{minor}.{patch}{pre}").parse().unwrap()
    })
}

proptest! {
    #[test]
    fn the_loader_orders_our_versions_as_semver_does(a in versions(), b in versions()) {
        prop_assert_eq!(compare_versions(&a.loader_form(), &b.loader_form()), a.cmp(&b), "{} {}", a, b);
    }

    #[test]
    fn comparing_is_antisymmetric_and_never_panics(a in "[0-9a-c.~^_-]{0,12}", b in "[0-9a-c.~^_-]{0,12}") {
        prop_assert_eq!(compare_versions(&a, &b), compare_versions(&b, &a).reverse());
    }
}
