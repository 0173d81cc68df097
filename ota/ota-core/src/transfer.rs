//! What a server may do while something of known size is fetched.
//!
//! A synchronous state machine: it is told how many bytes came and when (a [`Duration`] since any fixed
//! moment, from a clock that never goes back), and says when to stop. Uptane's "endless data" and "slow
//! retrieval" end here. Which bytes came is not its matter: digests tell.

use std::time::Duration;

use crate::trust::Refusal;

/// When a server is too slow: fewer than `bytes` within `window`, unless the box itself limits the rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// At least this many bytes…
    pub bytes: u64,
    /// …within this time, and again within the next.
    pub window: Duration,
}

impl Default for Pace {
    /// 16 KiB within a minute: a tenth of what a bad mobile link gives.
    fn default() -> Self {
        Self { bytes: 16 * 1024, window: Duration::from_secs(60) }
    }
}

/// A transfer under way.
#[derive(Clone, Debug)]
pub struct Transfer {
    expected: u64,
    received: u64,
    pace: Pace,
    window_began: Duration,
    in_window: u64,
}

impl Transfer {
    /// A transfer of exactly `expected` bytes, begun at `now`.
    pub fn begin(expected: u64, pace: Pace, now: Duration) -> Self {
        Self { expected, received: 0, pace, window_began: now, in_window: 0 }
    }

    /// `bytes` more came (none, when it was only waited).
    ///
    /// # Errors
    /// More bytes than promised, or too few for too long. The transfer is over then.
    pub fn received(&mut self, bytes: u64, now: Duration) -> Result<(), Refusal> {
        self.received = self.received.saturating_add(bytes);
        self.in_window = self.in_window.saturating_add(bytes);
        if self.received > self.expected {
            return Err(Refusal::EndlessResponse { expected: self.expected });
        }
        if self.received < self.expected && now.saturating_sub(self.window_began) >= self.pace.window {
            if self.in_window < self.pace.bytes {
                return Err(Refusal::SlowServer);
            }
            self.window_began = now;
            self.in_window = 0;
        }
        Ok(())
    }

    /// The server says that this was all.
    ///
    /// # Errors
    /// Fewer bytes than promised.
    pub fn end(&self) -> Result<(), Refusal> {
        if self.received < self.expected {
            return Err(Refusal::Truncated { expected: self.expected, received: self.received });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    fn begin(expected: u64) -> Transfer {
        Transfer::begin(expected, Pace { bytes: 100, window: seconds(60) }, seconds(5))
    }

    #[test]
    fn a_server_that_never_ends_is_left_at_the_first_byte_too_many() {
        let mut transfer = begin(1000);
        assert_eq!(transfer.received(1000, seconds(6)), Ok(()));
        assert_eq!(transfer.end(), Ok(()));
        assert_eq!(transfer.received(1, seconds(6)).unwrap_err().code(), "endless_response");
        assert_eq!(begin(1000).received(u64::MAX, seconds(6)).unwrap_err().code(), "endless_response");
    }

    #[test]
    fn a_server_that_trickles_is_left_after_one_window() {
        let mut transfer = begin(1_000_000);
        for second in 6..65 {
            assert_eq!(transfer.received(1, seconds(second)), Ok(()), "{second}");
        }
        assert_eq!(transfer.received(1, seconds(65)).unwrap_err().code(), "slow_server");
        // Quick in the first window does not excuse the second.
        let mut transfer = begin(1_000_000);
        assert_eq!(transfer.received(5000, seconds(65)), Ok(()));
        assert_eq!(transfer.received(0, seconds(125)).unwrap_err().code(), "slow_server");
    }

    #[test]
    fn an_early_end_is_told_with_both_sizes() {
        let mut transfer = begin(1 << 33);
        transfer.received((1 << 33) - 1, seconds(6)).unwrap();
        assert_eq!(transfer.end(), Err(Refusal::Truncated { expected: 1 << 33, received: (1 << 33) - 1 }));
    }
}
