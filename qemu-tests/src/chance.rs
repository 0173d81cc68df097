//! Random numbers that a seed repeats (SplitMix64, Steele, Lea and Flood 2014).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A source of numbers.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// The numbers of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A time from `least` up to `most`.
    pub fn between(&mut self, least: Duration, most: Duration) -> Duration {
        let span = u64::try_from(most.saturating_sub(least).as_millis()).unwrap_or(u64::MAX);
        least + Duration::from_millis(self.number() % span.max(1))
    }
}

/// The seed that the variable names, or one of the clock.
///
/// # Errors
/// When the variable is no number.
pub fn seed(variable: &str) -> anyhow::Result<u64> {
    match std::env::var(variable) {
        Ok(text) => text.parse().map_err(|_| anyhow::anyhow!("{variable} is {text:?}, which is no number")),
        Err(_) => Ok(SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |now| now.as_secs())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_its_numbers() {
        // The reference implementation's first numbers for this seed.
        let mut chance = Chance::new(1_234_567);
        assert_eq!(chance.number(), 6_457_827_717_110_365_317);
        assert_eq!(chance.number(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn a_time_lies_within_its_bounds() {
        let mut chance = Chance::new(7);
        let (least, most) = (Duration::from_millis(200), Duration::from_secs(6));
        for _ in 0..1000 {
            let time = chance.between(least, most);
            assert!(time >= least && time < most);
        }
    }
}
