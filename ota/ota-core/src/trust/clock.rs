//! What time it is, on a box whose clock may be wrong.
//!
//! A box may have no battery behind its clock, no network, or a network that lies. Two things are known for
//! sure: time has not gone back behind what was seen of it, and a clock that was not synchronised says
//! little.
//!
//! - The **floor** is the latest of three times: when the running image was built, the newest time that a
//!   trusted release was signed at, and the last time that a synchronised clock said. It is never later
//!   than it is, unless a signer or the time server lies. [`Clock::now`] is never below it.
//! - Something is **expired** when `now` is past its end. When that comes from the system's clock alone, the
//!   clock is not synchronised, and it is more than [`FAR_AHEAD`] past the end, then the clock is the more
//!   likely culprit, and the owner is told so. Both are refused.
//!
//! Limits: a clock that is wrong by less than [`FAR_AHEAD`] looks like an expired release, and so does one
//! that a lying time server has set.

use jiff::{SignedDuration, Timestamp};

use super::Refusal;

/// How far past an end an unsynchronised clock has to be to be called far ahead: 180 days. Releases are
/// signed anew long before; clocks that are wrong are wrong by years.
pub const FAR_AHEAD: SignedDuration = SignedDuration::from_hours(180 * 24);

/// The facts about the time. Made by [`Known::clock`](super::Known::clock).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// What the system's clock says.
    pub system: Timestamp,
    /// Whether it was set from the network since the start.
    pub synchronised: bool,
    /// The time that it is at least.
    pub floor: Timestamp,
}

impl Clock {
    /// The time to reckon with, also for the validity of OpenPGP keys.
    pub fn now(&self) -> Timestamp {
        self.system.max(self.floor)
    }

    /// Whether something that ends at `expires` has not ended yet.
    ///
    /// # Errors
    /// [`Refusal::Expired`] or [`Refusal::ClockAhead`].
    pub fn check(&self, expires: Timestamp) -> Result<(), Refusal> {
        if self.now() < expires {
            return Ok(());
        }
        let by_the_system_alone = self.floor < expires && !self.synchronised;
        if by_the_system_alone && self.system.duration_since(expires) > FAR_AHEAD {
            return Err(Refusal::ClockAhead { clock: self.system, expires });
        }
        Err(Refusal::Expired { expires })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPIRES: &str = "2026-12-01T00:00:00Z";

    fn code(system: &str, synchronised: bool, floor: &str) -> &'static str {
        let clock = Clock { system: system.parse().unwrap(), synchronised, floor: floor.parse().unwrap() };
        clock.check(EXPIRES.parse().unwrap()).map_or_else(|refusal| refusal.code(), |()| "current")
    }

    #[test]
    fn a_clock_far_ahead_is_told_apart_from_an_end() {
        let before = "2026-11-01T00:00:00Z";
        assert_eq!(code("2026-11-21T00:00:00Z", false, before), "current");
        assert_eq!(code(EXPIRES, false, before), "expired", "the end itself is past");
        assert_eq!(code("2026-12-02T00:00:00Z", false, before), "expired");
        assert_eq!(code("2027-05-30T00:00:00Z", false, before), "expired", "180 days are not far");
        assert_eq!(code("2027-05-30T00:00:01Z", false, before), "clock_ahead");
        assert_eq!(code("2038-01-19T03:14:07Z", true, before), "expired", "a synchronised clock is believed");
        assert_eq!(code("2038-01-19T03:14:07Z", false, "2026-12-02T00:00:00Z"), "expired", "by the floor");
    }

    #[test]
    fn a_clock_set_back_does_not_bring_back_what_has_ended() {
        assert_eq!(code("1970-01-01T00:00:00Z", false, "2026-11-21T00:00:00Z"), "current");
        assert_eq!(code("1970-01-01T00:00:00Z", false, "2026-12-02T00:00:00Z"), "expired");
        assert_eq!(code("2026-11-21T00:00:00Z", true, "2026-12-02T00:00:00Z"), "expired");
    }
}
