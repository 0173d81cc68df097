//! Causal attention over the cache, several query heads a key head.

use rayon::prelude::*;

use crate::linear::{add_scaled, dot, multiply_group, softmax};

use super::Config;
use super::cache::LayerCache;

/// Below this many tokens, one thread attends faster than several.
const PARALLEL_FROM: usize = 256;

/// Tokens of a prompt whose attention one task computes.
const SHARE: usize = 16;

/// Buffers kept between steps.
#[derive(Default)]
pub(super) struct Attention {
    scores: Vec<f32>,
    gathered: Vec<f32>,
    attended: Vec<f32>,
    values: Vec<f32>,
}

impl Attention {
    /// One token's attention; its keys and values are in the cache already.
    pub(super) fn single(&mut self, config: &Config, cache: &LayerCache, queries: &[f32], out: &mut [f32]) {
        let head = config.head();
        let length = cache.length(head);
        self.scores.resize(config.heads * length, 0.0);
        let attend = |index: usize, query: &[f32], out: &mut [f32], scores: &mut [f32]| {
            let shared = index / config.group();
            let scale = (head as f32).sqrt().recip();
            for (score, key) in scores.iter_mut().zip(cache.keys[shared].chunks_exact(head)) {
                *score = dot(query, key) * scale;
            }
            softmax(scores);
            out.fill(0.0);
            for (score, value) in scores.iter().zip(cache.values[shared].chunks_exact(head)) {
                add_scaled(out, *score, value);
            }
        };
        let scores = &mut self.scores[..config.heads * length];
        if length < PARALLEL_FROM {
            let heads = queries.chunks_exact(head).zip(out.chunks_exact_mut(head));
            heads
                .zip(scores.chunks_exact_mut(length))
                .enumerate()
                .for_each(|(index, ((query, out), scores))| attend(index, query, out, scores));
        } else {
            let heads = queries.par_chunks_exact(head).zip(out.par_chunks_exact_mut(head));
            heads
                .zip(scores.par_chunks_exact_mut(length))
                .enumerate()
                .for_each(|(index, ((query, out), scores))| attend(index, query, out, scores));
        }
    }

    /// The attention of the last few tokens of the cache; each sees those before it and itself.
    pub(super) fn batch(&mut self, config: &Config, cache: &LayerCache, queries: &[f32], out: &mut [f32]) {
        let (head, group, width) = (config.head(), config.group(), config.width);
        let length = cache.length(head);
        let before = length - queries.len() / width;
        // The products with the values add up over the tokens, whose number must be a multiple of 8.
        let padded = length.next_multiple_of(8);
        let rows = queries.len() / head / config.key_heads;
        self.gathered.resize(rows * head, 0.0);
        self.attended.resize(rows * head, 0.0);
        self.scores.resize(rows * padded, 0.0);
        for shared in 0..config.key_heads {
            gather(queries, &mut self.gathered, width, shared * group * head, group * head);
            let keys = &cache.keys[shared];
            transpose(&cache.values[shared], head, padded, &mut self.values);
            let values = &self.values;
            let share = SHARE * group;
            self.scores[..rows * padded]
                .par_chunks_mut(share * padded)
                .zip(self.gathered.par_chunks(share * head))
                .zip(self.attended.par_chunks_mut(share * head))
                .enumerate()
                .for_each(|(index, ((scores, queries), attended))| {
                    let first = before + index * SHARE;
                    multiply_group(keys, head, queries, scores, padded);
                    for (row, scores) in scores.chunks_exact_mut(padded).enumerate() {
                        let (seen, unseen) = scores.split_at_mut(first + row / group + 1);
                        let scale = (head as f32).sqrt().recip();
                        seen.iter_mut().for_each(|score| *score *= scale);
                        softmax(seen);
                        unseen.fill(0.0);
                    }
                    multiply_group(values, padded, scores, attended, head);
                });
            for (token, attended) in out.chunks_exact_mut(width).zip(self.attended.chunks_exact(group * head))
            {
                token[shared * group * head..][..group * head].copy_from_slice(attended);
            }
        }
    }
}

/// Copies `count` numbers of each token, from `offset` on.
fn gather(tokens: &[f32], out: &mut [f32], width: usize, offset: usize, count: usize) {
    for (token, out) in tokens.chunks_exact(width).zip(out.chunks_exact_mut(count)) {
        out.copy_from_slice(&token[offset..][..count]);
    }
}

/// Rows of `head` numbers become columns; `padded` is the length of the rows that come out.
fn transpose(rows: &[f32], head: usize, padded: usize, out: &mut Vec<f32>) {
    out.clear();
    out.resize(head * padded, 0.0);
    for (column, row) in rows.chunks_exact(head).enumerate() {
        for (number, out) in row.iter().zip(out[column..].iter_mut().step_by(padded)) {
            *out = *number;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_tokens_at_once_attend_as_each_alone() {
        let config = Config {
            layers: 1,
            width: 48,
            inner: 32,
            heads: 6,
            key_heads: 2,
            vocabulary: 1,
            context: 100,
            rotary_base: 1.0,
            epsilon: 1e-5,
        };
        let (tokens, before) = (41, 7);
        let numbers = |count: usize, step: f32| -> Vec<f32> {
            (0..count).map(|index| (index as f32 * step).sin()).collect()
        };
        let buffers =
            |tokens: usize, step: f32| vec![numbers(tokens * 8, step), numbers(tokens * 8, step * 1.7)];
        let queries = numbers((tokens - before) * 48, 0.9);
        let cache = LayerCache { keys: buffers(tokens, 0.31), values: buffers(tokens, 0.77) };
        let mut together = vec![0.0; queries.len()];
        Attention::default().batch(&config, &cache, &queries, &mut together);
        for (index, query) in queries.chunks_exact(48).enumerate() {
            let cut =
                |rows: &[Vec<f32>]| rows.iter().map(|row| row[..(before + index + 1) * 8].to_vec()).collect();
            let cache = LayerCache { keys: cut(&cache.keys), values: cut(&cache.values) };
            let mut alone = vec![0.0; 48];
            Attention::default().single(&config, &cache, query, &mut alone);
            for (alone, together) in alone.iter().zip(&together[index * 48..]) {
                assert!((alone - together).abs() < 1e-5, "token {index}: {alone} is not {together}");
            }
        }
    }
}
