use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::doubles::Counting;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + seconds).unwrap()
}

/// A code that is not the one of `claim`.
fn wrong(claim: &ClaimCode) -> &'static str {
    if claim.shown() == "0000-0000" { "1111-1111" } else { "0000-0000" }
}

fn guess(claim: &mut ClaimCode, seconds: i64) -> Verdict {
    let code = wrong(claim);
    claim.try_code(code, at(seconds), &Counting::default()).unwrap()
}

#[test]
fn the_code_is_taken_as_people_type_it() {
    let entropy = Counting::default();
    let mut claim = ClaimCode::new(&entropy).unwrap();
    // 0, 1, 31, 16, 17, 18, 0, 1 in Crockford's alphabet.
    claim.code = [0, 1, 31, 16, 17, 18, 0, 1];
    assert_eq!(claim.shown(), "01ZG-HJ01");
    for text in ["01ZG-HJ01", "01zghj01", " o1zg hjOl ", "OIZG-HJ0L", "0-1-Z-G-H-J-0-1"] {
        assert_eq!(claim.try_code(text, at(0), &entropy), Ok(Verdict::Right), "{text}");
    }
    for text in ["", "01ZG-HJ0", "01ZG-HJ011", "01ZG-HJ0U", "01ZG-HJ0ß", "01ZG_HJ01"] {
        assert_eq!(claim.try_code(text, at(0), &entropy), Err(MalformedCode), "{text}");
    }
    assert_eq!(claim.tries_left(at(0)), 5, "what cannot be a code costs no try");
}

#[test]
fn five_wrong_codes_pause_and_each_five_double_the_pause() {
    let mut claim = ClaimCode::new(&Counting::default()).unwrap();
    let code = claim.shown();
    let mut now = 0;
    for (round, pause) in [30, 60, 120].into_iter().enumerate() {
        for left in (1..5).rev() {
            assert_eq!(guess(&mut claim, now), Verdict::Wrong { tries_left: left, new_code: false });
        }
        assert_eq!(
            guess(&mut claim, now),
            Verdict::Wrong { tries_left: 0, new_code: false },
            "round {round}"
        );
        assert_eq!(claim.pause_left(at(now)), Some(pause));
        // The right code has to wait too.
        let right = claim.try_code(&code, at(now + 1), &Counting::default());
        assert_eq!(right, Ok(Verdict::Paused { seconds: pause - 1 }));
        now += pause as i64;
        assert_eq!(claim.pause_left(at(now)), None);
    }
    assert_eq!(claim.try_code(&code, at(now), &Counting::default()), Ok(Verdict::Right));
}

#[test]
fn twenty_wrong_codes_make_a_new_one_and_the_pause_stays() {
    let mut claim = ClaimCode::new(&Counting::default()).unwrap();
    let first = claim.shown();
    let mut now = 0;
    for number in 1..=20 {
        let verdict = claim
            .try_code(wrong(&claim).to_owned().as_str(), at(now), &crate::access::SystemEntropy)
            .unwrap();
        let Verdict::Wrong { new_code, .. } = verdict else { panic!("{verdict:?}") };
        assert_eq!(new_code, number == 20);
        now += claim.pause_left(at(now)).map_or(0, |seconds| if number == 20 { 0 } else { seconds as i64 });
    }
    assert_ne!(claim.shown(), first);
    assert_eq!(claim.pause_left(at(now)), Some(240));
    // However long it goes on, the pause is bounded.
    for _ in 0..200 {
        now += claim.pause_left(at(now)).unwrap_or(0) as i64;
        guess(&mut claim, now);
        assert!(claim.pause_left(at(now)).unwrap_or(0) <= 900);
    }
}

#[test]
fn a_clock_set_back_does_not_lock_for_longer() {
    let mut claim = ClaimCode::new(&Counting::default()).unwrap();
    for _ in 0..5 {
        guess(&mut claim, 0);
    }
    assert_eq!(claim.pause_left(at(-1_000_000)), Some(900));
}

#[test]
fn the_code_is_not_shown_by_debug() {
    let claim = ClaimCode::new(&Counting::default()).unwrap();
    let text = format!("{claim:?}");
    assert!(!text.contains(&claim.shown()) && !text.contains("code:"), "{text}");
}

proptest! {
    #[test]
    fn every_code_is_recognised_in_the_form_in_which_it_is_shown(code in prop::array::uniform8(0_u8..32)) {
        let mut claim = ClaimCode::new(&Counting::default()).unwrap();
        claim.code = code;
        let shown = claim.shown();
        prop_assert_eq!(claim.try_code(&shown, at(0), &Counting::default()), Ok(Verdict::Right));
        prop_assert_eq!(claim.try_code(&shown.to_lowercase(), at(0), &Counting::default()), Ok(Verdict::Right));
    }

    #[test]
    fn no_text_makes_it_panic(text in ".{0,20}") {
        let mut claim = ClaimCode::new(&Counting::default()).unwrap();
        let _ = claim.try_code(&text, at(0), &Counting::default());
    }
}
