//! The system's clock and randomness behind the domain's ports.

use appliance_core::access::Entropy;
use appliance_core::clock::Clock;
use jiff::Timestamp;

/// The system's clock.
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// The kernel's random numbers.
pub(crate) struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("Linux always gives randomness once it has booted");
    }
}
