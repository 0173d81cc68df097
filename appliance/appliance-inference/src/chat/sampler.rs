//! Draws the next token from the scores.

use appliance_core::inference::InferenceError;

/// Draws tokens; the same seed draws the same tokens from the same scores.
pub(super) struct Sampler {
    temperature: f32,
    top_p: f32,
    random: SplitMix64,
}

impl Sampler {
    /// `temperature` 0 takes the likeliest token always. Without a seed, a random one is used.
    pub(super) fn new(temperature: f32, top_p: f32, seed: Option<u64>) -> Self {
        let seed = seed.unwrap_or_else(|| {
            // Where the system gives no randomness, the answer is still a good one.
            getrandom::u64().unwrap_or_default()
        });
        Self { temperature, top_p, random: SplitMix64(seed) }
    }

    /// Draws a token. The scores are turned into weights in place.
    pub(super) fn pick(&mut self, scores: &mut [f32]) -> Result<u32, InferenceError> {
        let (best, most) = likeliest(scores);
        if !most.is_finite() {
            return Err(InferenceError::Compute { source: "the scores are not numbers".into() });
        }
        if self.temperature <= 0.0 {
            return Ok(best as u32);
        }
        let mut total = 0.0;
        for score in scores.iter_mut() {
            *score = ((*score - most) / self.temperature).exp();
            total += f64::from(*score);
        }
        Ok(self.draw(scores, total) as u32)
    }

    fn draw(&mut self, weights: &[f32], total: f64) -> usize {
        let top_p = f64::from(self.top_p);
        if top_p >= 1.0 {
            return self.draw_from(weights.iter().copied().enumerate(), total);
        }
        // Tokens below this share cannot be among the likeliest ones: all of them together weigh less
        // than what may be left out. It spares sorting the whole vocabulary.
        let least = (total * (1.0 - top_p) / weights.len() as f64) as f32;
        let mut kept: Vec<(usize, f32)> =
            weights.iter().copied().enumerate().filter(|(_, weight)| *weight >= least).collect();
        kept.sort_by(|a, b| b.1.total_cmp(&a.1));
        let mut sum = 0.0;
        let count = kept.iter().take_while(|(_, weight)| {
            let wanted = sum < total * top_p;
            sum += f64::from(*weight) * f64::from(u8::from(wanted));
            wanted
        });
        let count = count.count();
        kept.truncate(count.max(1));
        self.draw_from(kept.iter().copied(), sum)
    }

    fn draw_from(&mut self, weights: impl Iterator<Item = (usize, f32)>, total: f64) -> usize {
        let mut left = self.random.unit() * total;
        let mut last = 0;
        for (token, weight) in weights.filter(|(_, weight)| *weight > 0.0) {
            last = token;
            left -= f64::from(weight);
            if left < 0.0 {
                break;
            }
        }
        last
    }
}

/// The first of the largest scores; not finite when one is not a number.
fn likeliest(scores: &[f32]) -> (usize, f32) {
    scores.iter().copied().enumerate().fold((0, f32::NEG_INFINITY), |best, (index, score)| {
        if score > best.1 || score.is_nan() { (index, score) } else { best }
    })
}

/// Source: S. Vigna, <https://prng.di.unimi.it/splitmix64.c>.
struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// At least 0, below 1.
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCORES: [f32; 5] = [1.0, 3.0, 2.0, 3.0, -1.0];

    fn draws(temperature: f32, top_p: f32, seed: u64) -> Vec<u32> {
        let mut sampler = Sampler::new(temperature, top_p, Some(seed));
        (0..2000).map(|_| sampler.pick(&mut SCORES.clone()).unwrap()).collect()
    }

    #[test]
    fn temperature_zero_takes_the_first_of_the_likeliest() {
        assert!(draws(0.0, 1.0, 1).iter().all(|token| *token == 1));
    }

    #[test]
    fn same_seed_draws_the_same_and_another_draws_others() {
        assert_eq!(draws(1.0, 0.95, 7), draws(1.0, 0.95, 7));
        assert_ne!(draws(1.0, 0.95, 7), draws(1.0, 0.95, 8));
    }

    #[test]
    fn draws_follow_the_probabilities() {
        let drawn = draws(1.0, 1.0, 3);
        let total: f32 = SCORES.iter().map(|score| score.exp()).sum();
        for (token, score) in SCORES.iter().enumerate() {
            let share = drawn.iter().filter(|drawn| **drawn == token as u32).count() as f32 / 2000.0;
            assert!((share - score.exp() / total).abs() < 0.04, "token {token}: {share}");
        }
    }

    #[test]
    fn top_p_leaves_out_the_unlikely() {
        // Tokens 1 and 3 have 80 % together.
        assert!(draws(1.0, 0.5, 5).iter().all(|token| [1, 3].contains(token)));
        assert!(draws(1.0, 0.1, 5).iter().all(|token| *token == 1));
    }

    #[test]
    fn scores_that_are_no_numbers_are_an_error() {
        let mut sampler = Sampler::new(0.0, 1.0, None);
        assert!(sampler.pick(&mut [0.0, f32::NAN]).is_err());
    }
}
