//! Slowing down who guesses passwords.
//!
//! A state machine without clock or I/O. Each user name has five free wrong passwords, and then pauses
//! that double from 2 s to 60 s; a right one, or 15 minutes without a try, clears them. Names that
//! nobody has share one budget of 30 tries that refills by one every ten seconds: a stranger who walks
//! through names is stopped, also from filling the audit log, and the owner's own name is not touched by it.
//!
//! A stranger who keeps guessing at the owner's own name can delay the owner's sign-in by at most a
//! minute at a time; sessions and API keys that exist are never affected.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

/// Wrong passwords of a name before it has to pause.
const FREE: u32 = 5;
const FIRST_PAUSE: SignedDuration = SignedDuration::from_secs(2);
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_secs(60);
/// Without a try for so long, a name begins anew.
const FORGET: SignedDuration = SignedDuration::from_mins(15);
/// Tries at names that nobody has.
const STRANGERS: i64 = 30;
/// One of them comes back every so often.
const STRANGERS_REFILL: SignedDuration = SignedDuration::from_secs(10);

#[derive(Clone, Copy, Debug)]
struct Guesses {
    wrong: u32,
    last: Timestamp,
    paused_until: Timestamp,
}

/// Who guessed how often. Bounded by the number of users.
#[derive(Debug)]
pub struct Throttle {
    names: HashMap<String, Guesses>,
    strangers: i64,
    refilled_at: Timestamp,
}

impl Throttle {
    /// Nobody guessed yet.
    pub fn new(now: Timestamp) -> Self {
        Self { names: HashMap::new(), strangers: STRANGERS, refilled_at: now }
    }

    /// Whether somebody may try now; else how many seconds to wait, at least 1. The try is counted as
    /// wrong at once, so that many at the same time do not pass; [`Throttle::right`] takes it back.
    ///
    /// # Errors
    /// The seconds.
    pub fn admit(&mut self, username: &str, is_known: bool, now: Timestamp) -> Result<(), u64> {
        if is_known { self.admit_known(username, now) } else { self.admit_stranger(now) }
    }

    /// The password was right.
    pub fn right(&mut self, username: &str) {
        self.names.remove(username);
    }

    /// The try was not looked at after all.
    pub fn take_back(&mut self, username: &str) {
        if let Some(guesses) = self.names.get_mut(username) {
            guesses.wrong = guesses.wrong.saturating_sub(1);
            guesses.paused_until = guesses.last;
        }
    }

    fn admit_known(&mut self, username: &str, now: Timestamp) -> Result<(), u64> {
        let fresh = Guesses { wrong: 0, last: now, paused_until: now };
        let guesses = self.names.entry(username.to_owned()).or_insert(fresh);
        if now.duration_since(guesses.last) > FORGET {
            *guesses = fresh;
        }
        // Never longer than the longest pause, even when the clock was set back.
        let left = guesses.paused_until.duration_since(now).min(LONGEST_PAUSE);
        if left.is_positive() {
            return Err(seconds(left));
        }
        guesses.wrong += 1;
        guesses.last = now;
        if guesses.wrong >= FREE {
            let doublings = (guesses.wrong - FREE).min(5);
            let pause = (FIRST_PAUSE * (1 << doublings)).min(LONGEST_PAUSE);
            guesses.paused_until = now.checked_add(pause).unwrap_or(now);
        }
        Ok(())
    }

    fn admit_stranger(&mut self, now: Timestamp) -> Result<(), u64> {
        let passed = now.duration_since(self.refilled_at).as_secs() / STRANGERS_REFILL.as_secs();
        if passed != 0 {
            self.strangers = self.strangers.saturating_add(passed.max(0)).min(STRANGERS);
            self.refilled_at = now;
        }
        if self.strangers <= 0 {
            return Err(seconds(STRANGERS_REFILL));
        }
        self.strangers -= 1;
        Ok(())
    }
}

fn seconds(duration: SignedDuration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(0).div_ceil(1000).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_795_000_000 + seconds).unwrap()
    }

    #[test]
    fn a_name_pauses_after_five_and_longer_each_time() {
        let mut throttle = Throttle::new(at(0));
        for _ in 0..5 {
            assert_eq!(throttle.admit("ada", true, at(0)), Ok(()));
        }
        assert_eq!(throttle.admit("ada", true, at(0)), Err(2));
        assert_eq!(throttle.admit("ada", true, at(2)), Ok(()));
        assert_eq!(throttle.admit("ada", true, at(2)), Err(4));
        let mut now = 6;
        for pause in [8, 16, 32, 60, 60] {
            assert_eq!(throttle.admit("ada", true, at(now)), Ok(()));
            assert_eq!(throttle.admit("ada", true, at(now)), Err(pause));
            now += pause as i64;
        }
        assert_eq!(throttle.admit("bob", true, at(now)), Ok(()), "another name is not touched");
        throttle.right("ada");
        assert_eq!(throttle.admit("ada", true, at(now)), Ok(()), "a right password clears it");
    }

    #[test]
    fn time_without_tries_clears_and_a_clock_set_back_does_not_lock() {
        let mut throttle = Throttle::new(at(0));
        (0..5).for_each(|_| throttle.admit("ada", true, at(0)).unwrap());
        assert_eq!(throttle.admit("ada", true, at(-100_000)), Err(60));
        for _ in 0..5 {
            assert_eq!(throttle.admit("ada", true, at(901)), Ok(()));
        }
    }

    #[test]
    fn names_that_nobody_has_share_a_budget_and_leave_the_owner_alone() {
        let mut throttle = Throttle::new(at(0));
        for n in 0..30 {
            assert_eq!(throttle.admit(&format!("x{n}"), false, at(0)), Ok(()));
        }
        assert_eq!(throttle.admit("y", false, at(1)), Err(10));
        assert_eq!(throttle.admit("ada", true, at(1)), Ok(()));
        assert_eq!(throttle.admit("y", false, at(10)), Ok(()));
        assert!(throttle.names.len() == 1, "strangers cost no memory");
    }
}
