//! Rotary positions: pairs of neighbouring numbers are turned by an angle that grows with the position.
//!
//! llama.cpp's converter reorders query and key weights so that a pair lies side by side.

use super::Config;

/// The turns of one head.
pub(super) struct Rotary {
    /// Radians a position, one a pair.
    speeds: Vec<f64>,
}

impl Rotary {
    pub(super) fn new(config: &Config) -> Self {
        let head = config.head() as f64;
        let base = f64::from(config.rotary_base);
        Self { speeds: (0..config.head() / 2).map(|pair| base.powf(-2.0 * pair as f64 / head)).collect() }
    }

    /// Turns every head of every token; a token's heads are `width` numbers, the first token is at
    /// position `start`.
    pub(super) fn turn(&self, rows: &mut [f32], width: usize, start: usize) {
        for (index, row) in rows.chunks_exact_mut(width).enumerate() {
            let turns = self.at(start + index);
            for head in row.chunks_exact_mut(turns.len() * 2) {
                for (pair, (sine, cosine)) in head.as_chunks_mut::<2>().0.iter_mut().zip(&turns) {
                    *pair = [pair[0] * cosine - pair[1] * sine, pair[0] * sine + pair[1] * cosine];
                }
            }
        }
    }

    /// Sine and cosine of each pair's angle at a position.
    fn at(&self, position: usize) -> Vec<(f32, f32)> {
        let turn = |speed: &f64| {
            let (sine, cosine) = (speed * position as f64).sin_cos();
            (sine as f32, cosine as f32)
        };
        self.speeds.iter().map(turn).collect()
    }
}
