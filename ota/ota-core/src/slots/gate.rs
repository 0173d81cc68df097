//! The health gate: what to do with a system that was just started.
//!
//! Asked again and again from the start on, until it says something other than [`Gate::Wait`]. A system
//! that was marked good is not asked about any more until its next start: what gets unhealthy later is
//! shown, not restarted. One that stays up degraded may be asked about further: it is good once it is healthy.
//!
//! A system **on trial** is good when it was healthy for a while. If it does not get healthy it gives way: it
//! restarts while it has tries left, and also after the last one, when the other slot can be started.
//!
//! A system that **was good before** is good again as soon as it is healthy, so that power cuts in a row do
//! not use up its tries. If it does not get healthy, it restarts only when its service does not answer, as
//! that may help, and only while it has tries left. A service that answers tells the owner what is wrong, and
//! a restart would take that away: a token that was pulled, a disk that is full, a data partition that waits
//! for its recovery key. Then the system stays up, degraded. It got far enough to judge itself, so its slot is
//! not broken, and the old version would most likely be no better off. It keeps one try, so that the next
//! start is of it again and not of the rescue system.
//!
//! What does not get as far as the gate (a panic, a hang) is left to the loader's counter.

use std::time::Duration;

use super::Start;

/// How long the gate waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GatePolicy {
    /// On trial, healthy for this long without a break is good.
    pub healthy_for: Duration,
    /// Not good this long after the start is not going to be.
    pub patience: Duration,
}

impl Default for GatePolicy {
    /// Healthy for a minute, within ten. Home Assistant found 5 minutes too short (operating-system 4705).
    fn default() -> Self {
        Self { healthy_for: Duration::from_secs(60), patience: Duration::from_secs(600) }
    }
}

/// The facts, at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GateFacts {
    /// How long ago the system was started.
    pub up_for: Duration,
    /// For how long it has been healthy; `None` when it is not.
    pub healthy_for: Option<Duration>,
    /// Whether its service answers, be it only with what is wrong.
    pub answers: bool,
    /// Whether this version never was good here.
    pub on_trial: bool,
    /// What the loader would do with the running system.
    pub running: Start,
    /// What it would do with the other one.
    pub other: Start,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Nothing yet.
    Wait,
    /// Mark the running system good.
    MarkGood,
    /// Restart: the loader tries again, or takes the other slot.
    Restart,
    /// Stay up and say what is wrong.
    StayUpDegraded {
        /// Whether the next start is to be of this system again
        /// ([`BootLoader::keep`](super::BootLoader::keep)); if not, the counter is left alone.
        keep: bool,
    },
}

/// Decides.
pub fn gate(policy: &GatePolicy, facts: &GateFacts) -> Gate {
    let enough = if facts.on_trial { policy.healthy_for } else { Duration::ZERO };
    if facts.healthy_for.is_some_and(|healthy| healthy >= enough) {
        return Gate::MarkGood;
    }
    // Who is healthy at the end of the patience gets the time that it still needs.
    if facts.healthy_for.is_some() || facts.up_for < policy.patience {
        return Gate::Wait;
    }
    if facts.answers && !facts.on_trial {
        return Gate::StayUpDegraded { keep: true };
    }
    let again = matches!(facts.running, Start::Counted(tries) if tries.left > 0);
    let gives_way = facts.on_trial && facts.other.tries_left() > 0;
    if again || gives_way {
        return Gate::Restart;
    }
    Gate::StayUpDegraded { keep: !facts.on_trial || facts.other == Start::Never }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::slots::entry::Tries;

    fn facts(on_trial: bool, left: u32, other: Start) -> GateFacts {
        GateFacts {
            up_for: Duration::from_secs(600),
            healthy_for: None,
            answers: false,
            on_trial,
            running: Start::Counted(Tries { left, done: 3 - left }),
            other,
        }
    }

    fn decided(facts: &GateFacts) -> Gate {
        gate(&GatePolicy::default(), facts)
    }

    #[test]
    fn on_trial_healthy_for_long_enough_is_good_whatever_else() {
        let healthy = |seconds, up_for| GateFacts {
            up_for: Duration::from_secs(up_for),
            healthy_for: Some(Duration::from_secs(seconds)),
            ..facts(true, 0, Start::Never)
        };
        assert_eq!(decided(&healthy(60, 61)), Gate::MarkGood);
        assert_eq!(decided(&healthy(59, 90)), Gate::Wait);
        assert_eq!(decided(&healthy(1, 601)), Gate::Wait, "it is on its way");
        assert_eq!(decided(&GateFacts { healthy_for: None, ..healthy(0, 599) }), Gate::Wait);
    }

    #[test]
    fn on_trial_it_gives_way_to_whatever_can_be_started() {
        let spent = Start::Counted(Tries { left: 0, done: 3 });
        assert_eq!(decided(&facts(true, 2, Start::Never)), Gate::Restart);
        assert_eq!(decided(&facts(true, 0, Start::Counted(Tries::ALL))), Gate::Restart);
        assert_eq!(decided(&facts(true, 0, Start::Always)), Gate::Restart);
        assert_eq!(decided(&facts(true, 0, Start::Never)), Gate::StayUpDegraded { keep: true });
        assert_eq!(decided(&facts(true, 0, spent)), Gate::StayUpDegraded { keep: false });
    }

    #[test]
    fn what_was_good_before_is_good_again_at_once() {
        let healthy = GateFacts {
            up_for: Duration::ZERO,
            healthy_for: Some(Duration::ZERO),
            ..facts(false, 0, Start::Never)
        };
        assert_eq!(decided(&healthy), Gate::MarkGood);
        assert_eq!(decided(&GateFacts { on_trial: true, ..healthy }), Gate::Wait);
    }

    #[test]
    fn what_was_good_before_and_answers_is_never_restarted() {
        for left in 0..3 {
            let answers = GateFacts { answers: true, ..facts(false, left, Start::Counted(Tries::ALL)) };
            assert_eq!(decided(&answers), Gate::StayUpDegraded { keep: true });
            let early = GateFacts { up_for: Duration::from_secs(599), ..answers };
            assert_eq!(decided(&early), Gate::Wait);
            assert_eq!(decided(&GateFacts { on_trial: true, ..answers }), Gate::Restart, "on trial it is");
        }
    }

    #[test]
    fn what_was_good_before_and_does_not_answer_stays_up_after_its_last_try() {
        assert_eq!(decided(&facts(false, 1, Start::Counted(Tries::ALL))), Gate::Restart);
        let last = facts(false, 0, Start::Counted(Tries::ALL));
        assert_eq!(decided(&last), Gate::StayUpDegraded { keep: true });
    }

    #[test]
    fn what_is_started_without_counting_does_not_restart_for_ever() {
        let running = GateFacts { running: Start::Always, ..facts(false, 0, Start::Always) };
        assert_eq!(decided(&running), Gate::StayUpDegraded { keep: true });
        assert_eq!(decided(&GateFacts { on_trial: true, ..running }), Gate::Restart);
    }

    fn starts() -> impl Strategy<Value = Start> {
        let counted = (0_u32..4, 0_u32..5).prop_map(|(left, done)| Start::Counted(Tries { left, done }));
        prop_oneof![Just(Start::Never), Just(Start::Always), counted]
    }

    proptest! {
        #[test]
        fn nobody_waits_for_ever_and_no_restart_is_without_a_system_to_start(
            up_for in 0_u64..2000, healthy_for in prop::option::of(0_u64..2000),
            answers: bool, on_trial: bool, running in starts(), other in starts(),
        ) {
            let healthy_for = healthy_for.map(Duration::from_secs);
            let up_for = Duration::from_secs(up_for);
            let facts = GateFacts { up_for, healthy_for, answers, on_trial, running, other };
            let policy = GatePolicy::default();
            match gate(&policy, &facts) {
                Gate::Wait => prop_assert!(
                    up_for < policy.patience || (on_trial && healthy_for.is_some_and(|it| it < policy.healthy_for))
                ),
                Gate::MarkGood => prop_assert!(healthy_for.is_some()),
                Gate::Restart => {
                    prop_assert!(healthy_for.is_none() && (on_trial || !answers));
                    let counted = matches!(running, Start::Counted(_));
                    prop_assert!(counted && running.tries_left() > 0 || on_trial && other.tries_left() > 0);
                }
                Gate::StayUpDegraded { .. } => prop_assert!(healthy_for.is_none()),
            }
        }
    }
}
