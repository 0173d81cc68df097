//! When the box acts by itself.
//!
//! Every box looks for releases once in each interval, at a moment of its own: the offset comes from the
//! box's own seed, so that a million boxes that lost their power together do not ask together (jitter). A
//! look that failed for a reason that may pass is repeated sooner, later each time.

use jiff::{SignedDuration, Timestamp, ToSpan, tz::TimeZone};

use super::{RestartTime, UpdateSettings};

/// After the start, before the first look: the network and the clock come up.
const SETTLE: SignedDuration = SignedDuration::from_mins(2);
/// The first pause after a failure; each next one is twice as long, up to the interval.
const FIRST_RETRY: SignedDuration = SignedDuration::from_mins(5);

/// What is known of earlier looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Looks {
    /// When the service started.
    pub started: Timestamp,
    /// When the box last looked, whatever came of it.
    pub last: Option<Timestamp>,
    /// How many looks failed since one was answered, for reasons that may pass.
    pub failures: u32,
}

/// When the box looks next, told at `now`. `seed` is the box's own number. A last look that lies ahead was
/// dated by a clock that was wrong, and counts as none.
pub fn next_check(settings: &UpdateSettings, looks: &Looks, seed: u64, now: Timestamp) -> Timestamp {
    let interval = SignedDuration::from_hours(settings.check_every_hours.max(1).into());
    let settled = looks.started.saturating_add(SETTLE).unwrap_or(Timestamp::MAX);
    let Some(last) = looks.last.filter(|&last| last <= now) else {
        return later(settled, fraction(SignedDuration::from_mins(5), seed));
    };
    let pause = match looks.failures {
        // Between half an interval and one and a half, and one on average.
        0 => SignedDuration::from_secs(interval.as_secs() / 2) + fraction(interval, seed ^ mix(last)),
        failures => {
            let doubled = FIRST_RETRY.as_secs().saturating_mul(1 << failures.min(12).saturating_sub(1));
            let pause = SignedDuration::from_secs(doubled.min(interval.as_secs()));
            SignedDuration::from_secs(pause.as_secs() / 2) + fraction(pause, seed ^ mix(last))
        }
    };
    later(last, pause).max(settled)
}

/// When the box restarts into what was installed at `now`; `None`: when the owner says so.
pub fn restart_at(restart: RestartTime, now: Timestamp) -> Option<Timestamp> {
    match restart {
        RestartTime::Now => Some(now),
        RestartTime::Manual => None,
        RestartTime::At { at } => {
            let midnight = now.to_zoned(TimeZone::UTC).start_of_day().ok()?;
            let today = midnight.checked_add(i64::from(at.minutes()).minutes()).ok()?.timestamp();
            Some(if today > now { today } else { later(today, SignedDuration::from_hours(24)) })
        }
    }
}

fn later(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.saturating_add(by).unwrap_or(Timestamp::MAX)
}

/// A part of a duration that looks random, and is the same for the same seed.
fn fraction(of: SignedDuration, seed: u64) -> SignedDuration {
    let seconds = u64::try_from(of.as_secs()).unwrap_or(0);
    let scaled = (u128::from(scramble(seed)) * u128::from(seconds)) >> 64;
    SignedDuration::from_secs(i64::try_from(scaled).unwrap_or(0))
}

fn mix(time: Timestamp) -> u64 {
    time.as_second().unsigned_abs()
}

/// SplitMix64's finaliser (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", 2014).
fn scramble(seed: u64) -> u64 {
    let mut value = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(time: &str) -> Timestamp {
        time.parse().unwrap()
    }

    fn looks(last: Option<&str>, failures: u32) -> Looks {
        Looks { started: at("2026-11-21T00:00:00Z"), last: last.map(at), failures }
    }

    #[test]
    fn the_first_look_is_soon_after_the_start_but_not_of_all_boxes_at_once() {
        let settings = UpdateSettings::default();
        let times: Vec<_> = (0..50)
            .map(|seed| next_check(&settings, &looks(None, 0), seed, at("2026-11-21T00:00:30Z")))
            .collect();
        let (first, last) = (*times.iter().min().unwrap(), *times.iter().max().unwrap());
        assert!(first >= at("2026-11-21T00:02:00Z") && last < at("2026-11-21T00:07:00Z"));
        assert!(last.duration_since(first) > SignedDuration::from_mins(3));
    }

    #[test]
    fn a_failure_that_may_pass_is_tried_again_sooner_and_ever_later() {
        let settings = UpdateSettings::default();
        let pause = |failures| {
            let last = "2026-11-21T06:00:00Z";
            let next = next_check(&settings, &looks(Some(last), failures), 7, at(last));
            next.duration_since(at(last)).as_secs()
        };
        for (failures, low, high) in
            [(1, 150, 450), (2, 300, 900), (5, 2400, 7200), (20, 21600, 64800), (0, 21600, 64800)]
        {
            assert!((low..=high).contains(&pause(failures)), "{failures}: {}", pause(failures));
        }
    }

    #[test]
    fn a_clock_that_was_far_ahead_once_does_not_put_it_off_for_years() {
        let (settings, now) = (UpdateSettings::default(), at("2026-11-22T00:00:00Z"));
        let next = next_check(&settings, &looks(Some("2036-01-01T00:00:00Z"), 0), 7, now);
        assert_eq!(next, next_check(&settings, &looks(None, 0), 7, now));
    }

    #[test]
    fn the_restart_is_at_the_next_time_that_the_clock_shows_it() {
        let hour = RestartTime::At { at: "03:00".parse().unwrap() };
        let from = |now: &str| restart_at(hour, at(now)).unwrap();
        assert_eq!(from("2026-11-21T02:59:59Z"), at("2026-11-21T03:00:00Z"));
        assert_eq!(from("2026-11-21T03:00:00Z"), at("2026-11-22T03:00:00Z"));
        assert_eq!(from("2026-12-31T22:00:00Z"), at("2027-01-01T03:00:00Z"));
        let now = at("2026-11-21T12:00:00Z");
        assert_eq!(restart_at(RestartTime::Now, now), Some(now));
        assert_eq!(restart_at(RestartTime::Manual, now), None);
    }

    const MONTH: SignedDuration = SignedDuration::from_hours(30 * 24);

    proptest! {
        #[test]
        fn the_next_look_is_never_further_off_than_two_intervals(
            last in -3_000_000_i64..3_000_000, failures in 0_u32..40, seed: u64, hours in 1_u16..=168,
        ) {
            let settings = UpdateSettings { check_every_hours: hours, ..UpdateSettings::default() };
            let started = at("2026-11-21T00:00:00Z");
            let (last, now) = (later(started, SignedDuration::from_secs(last)), later(started, MONTH));
            let next = next_check(&settings, &Looks { started, last: Some(last), failures }, seed, now);
            prop_assert!(next >= later(started, SETTLE));
            let interval = SignedDuration::from_hours(hours.into());
            prop_assert!(next <= later(now, interval * 2));
        }
    }
}
