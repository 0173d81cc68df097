//! The limit of bandwidth.

use std::num::NonZeroU64;
use std::time::Duration;

/// Says how long to wait, so that no more than so many bytes per second come on average. It knows no clock:
/// times are handed in, as durations since a fixed moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Throttle {
    rate: Option<NonZeroU64>,
    /// When all that came so far would have come at the rate.
    free_at: Duration,
}

impl Throttle {
    pub(super) fn new(rate: Option<NonZeroU64>) -> Self {
        Self { rate, free_at: Duration::ZERO }
    }

    /// How many bytes to read at once: what comes within a fifth of a second, so that it flows evenly.
    pub(super) fn at_once(&self, most: usize) -> usize {
        let fifth = self.rate.and_then(|rate| usize::try_from(rate.get() / 5).ok());
        fifth.map_or(most, |bytes| bytes.clamp(1, most))
    }

    /// `bytes` came at `now`: how long to wait before more are read. Time in which nothing was fetched is not
    /// made up for.
    pub(super) fn came(&mut self, bytes: usize, now: Duration) -> Duration {
        let Some(rate) = self.rate else { return Duration::ZERO };
        let takes = (bytes as u128 * 1_000_000_000).div_ceil(u128::from(rate.get()));
        let takes = Duration::from_nanos(u64::try_from(takes).unwrap_or(u64::MAX));
        self.free_at = self.free_at.max(now).saturating_add(takes);
        self.free_at.saturating_sub(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_bytes_take_their_time() {
        let millis = Duration::from_millis;
        let mut throttle = Throttle::new(NonZeroU64::new(1000));
        assert_eq!(throttle.came(500, millis(0)), millis(500));
        assert_eq!(throttle.came(500, millis(500)), millis(500));
        // Who came late has waited already; an idle hour is not saved up.
        assert_eq!(throttle.came(500, millis(1200)), millis(500));
        assert_eq!(throttle.came(1000, millis(3_600_000)), millis(1000));
        // Too early: the rest of the time before is added.
        assert_eq!(throttle.came(1000, millis(3_600_400)), millis(1600));
    }

    #[test]
    fn without_a_limit_nothing_waits() {
        let mut throttle = Throttle::new(None);
        assert_eq!(throttle.came(usize::MAX, Duration::ZERO), Duration::ZERO);
        assert_eq!(throttle.at_once(16_384), 16_384);
    }

    #[test]
    fn the_extremes_of_a_limit_do_not_overflow() {
        for rate in [1, u64::MAX] {
            let mut throttle = Throttle::new(NonZeroU64::new(rate));
            assert!((1..=4096).contains(&throttle.at_once(4096)));
            assert!(throttle.came(usize::MAX, Duration::MAX) <= Duration::MAX);
        }
    }
}
