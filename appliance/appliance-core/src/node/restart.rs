//! When a part that died is started again.
//!
//! # Design
//!
//! A synchronous state machine: it is told of starts and deaths, and answers with what to do. Time is an
//! argument: a [`Duration`] since any fixed moment, from a clock that never goes back.
//!
//! - A death is *rapid* when the part lived less than [`RestartPolicy::healthy_after`].
//! - After each rapid death the pause doubles, from [`RestartPolicy::first_pause`] up to
//!   [`RestartPolicy::longest_pause`]. A part that had lived long enough begins at the first pause again.
//! - After [`RestartPolicy::rapid_deaths`] rapid deaths in a row the circuit breaker opens: nothing is
//!   started for [`RestartPolicy::open_for`]. Then it is half open: one start is tried. When that one
//!   dies rapidly the breaker opens again; when it lives long enough the breaker closes.

use std::time::Duration;

/// How often and how soon a part is started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestartPolicy {
    /// Pause after the first death.
    pub first_pause: Duration,
    /// The pause never grows beyond this.
    pub longest_pause: Duration,
    /// A part that lived this long was healthy.
    pub healthy_after: Duration,
    /// This many rapid deaths in a row open the circuit breaker; 0 counts as 1.
    pub rapid_deaths: u32,
    /// How long the circuit breaker stays open.
    pub open_for: Duration,
}

impl Default for RestartPolicy {
    /// 1 s doubling to 60 s; healthy after 60 s; five rapid deaths open the breaker for 5 minutes.
    fn default() -> Self {
        Self {
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(60),
            healthy_after: Duration::from_secs(60),
            rapid_deaths: 5,
            open_for: Duration::from_secs(300),
        }
    }
}

/// What to do after a death.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterDeath {
    /// Start again after this pause.
    Restart {
        /// The pause.
        pause: Duration,
    },
    /// The circuit breaker is open: try once more after this pause.
    Open {
        /// The pause.
        pause: Duration,
        /// Rapid deaths in a row.
        deaths: u32,
    },
}

impl AfterDeath {
    /// How long to wait before the next start.
    pub fn pause(self) -> Duration {
        match self {
            Self::Restart { pause } | Self::Open { pause, .. } => pause,
        }
    }
}

/// The deaths of one part so far.
#[derive(Clone, Debug)]
pub struct Restarts {
    policy: RestartPolicy,
    /// Since when it lives; `None` when it does not.
    alive_since: Option<Duration>,
    /// Rapid deaths in a row.
    rapid: u32,
}

impl Restarts {
    /// A part that never ran.
    pub fn new(policy: RestartPolicy) -> Self {
        Self { policy, alive_since: None, rapid: 0 }
    }

    /// The part was started.
    pub fn started(&mut self, now: Duration) {
        self.alive_since = Some(now);
    }

    /// The part died, or could not be started at all.
    pub fn died(&mut self, now: Duration) -> AfterDeath {
        let lived = self.alive_since.take().map_or(Duration::ZERO, |since| now.saturating_sub(since));
        if lived >= self.policy.healthy_after {
            self.rapid = 0;
            return AfterDeath::Restart { pause: self.policy.first_pause.min(self.policy.longest_pause) };
        }
        self.rapid = self.rapid.saturating_add(1);
        if self.rapid >= self.policy.rapid_deaths.max(1) {
            return AfterDeath::Open { pause: self.policy.open_for, deaths: self.rapid };
        }
        let factor = 2_u32.saturating_pow(self.rapid - 1);
        let pause = self.policy.first_pause.saturating_mul(factor).min(self.policy.longest_pause);
        AfterDeath::Restart { pause }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn backs_off_then_opens_then_half_opens() {
        let mut restarts = Restarts::new(RestartPolicy::default());
        let mut now = seconds(0);
        for expected in [1, 2, 4, 8] {
            restarts.started(now);
            now += seconds(3);
            assert_eq!(restarts.died(now), AfterDeath::Restart { pause: seconds(expected) });
        }
        restarts.started(now);
        assert_eq!(restarts.died(now), AfterDeath::Open { pause: seconds(300), deaths: 5 });
        // Half open: one start; a rapid death opens it again, a long life closes it.
        restarts.started(now);
        assert_eq!(restarts.died(now), AfterDeath::Open { pause: seconds(300), deaths: 6 });
        restarts.started(now);
        assert_eq!(restarts.died(now + seconds(60)), AfterDeath::Restart { pause: seconds(1) });
    }

    #[test]
    fn a_start_that_failed_is_a_rapid_death() {
        let mut restarts = Restarts::new(RestartPolicy { rapid_deaths: 0, ..RestartPolicy::default() });
        assert!(matches!(restarts.died(seconds(9)), AfterDeath::Open { deaths: 1, .. }));
    }

    fn policies() -> impl Strategy<Value = RestartPolicy> {
        (0_u64..10, 0_u64..100, 0_u64..100, 0_u32..8, 0_u64..1000).prop_map(
            |(first, longest, healthy, rapid_deaths, open)| RestartPolicy {
                first_pause: seconds(first),
                longest_pause: seconds(longest),
                healthy_after: seconds(healthy),
                rapid_deaths,
                open_for: seconds(open),
            },
        )
    }

    proptest! {
        #[test]
        fn pauses_are_bounded_and_never_shrink_while_deaths_are_rapid(
            policy in policies(),
            lives in prop::collection::vec(0_u64..200, 1..40),
        ) {
            let mut restarts = Restarts::new(policy);
            let mut now = Duration::ZERO;
            let mut rapid = 0;
            let mut last_pause = Duration::ZERO;
            for life in lives {
                restarts.started(now);
                now += seconds(life);
                let healthy = seconds(life) >= policy.healthy_after;
                rapid = if healthy { 0 } else { rapid + 1 };
                let next = restarts.died(now);
                match next {
                    AfterDeath::Restart { pause } => {
                        prop_assert!(rapid < policy.rapid_deaths.max(1));
                        prop_assert!(pause <= policy.longest_pause);
                        prop_assert!(rapid <= 1 || pause >= last_pause);
                        last_pause = pause;
                    }
                    AfterDeath::Open { pause, deaths } => {
                        prop_assert!(rapid >= policy.rapid_deaths.max(1));
                        prop_assert_eq!(deaths, rapid);
                        prop_assert_eq!(pause, policy.open_for);
                    }
                }
                now += next.pause();
            }
        }

        #[test]
        fn a_clock_that_goes_back_does_no_harm(starts in prop::collection::vec(0_u64..1000, 1..20)) {
            let mut restarts = Restarts::new(RestartPolicy::default());
            for at in starts {
                restarts.started(seconds(at));
                let _ = restarts.died(seconds(500));
            }
        }
    }
}
