//! Causal attention over the cache, several query heads a key head.

use rayon::prelude::*;

use crate::linear::{Strided, add_scaled, dot, multiply, softmax};

use super::Config;
use super::cache::LayerCache;

/// Below this many tokens, one thread attends faster than several.
const PARALLEL_FROM: usize = 256;

/// Buffers kept between steps.
#[derive(Default)]
pub(super) struct Attention {
    scores: Vec<f32>,
    gathered: Vec<f32>,
    attended: Vec<f32>,
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
        let count = queries.len() / width;
        let rows = count * group;
        self.gathered.resize(rows * head, 0.0);
        self.attended.resize(rows * head, 0.0);
        self.scores.resize(rows * length, 0.0);
        let scale = (head as f32).sqrt().recip();
        for shared in 0..config.key_heads {
            let offset = shared * group * head;
            for (token, gathered) in
                queries.chunks_exact(width).zip(self.gathered.chunks_exact_mut(group * head))
            {
                for (to, from) in gathered.iter_mut().zip(&token[offset..]) {
                    *to = from * scale;
                }
            }
            let scores = &mut self.scores[..rows * length];
            let keys = Strided::new(&cache.keys[shared], length, head).transposed();
            multiply(Strided::new(&self.gathered, rows, head), keys, scores);
            scores.par_chunks_exact_mut(length).enumerate().for_each(|(row, scores)| {
                let (seen, unseen) = scores.split_at_mut(length - count + row / group + 1);
                softmax(seen);
                unseen.fill(0.0);
            });
            let values = Strided::new(&cache.values[shared], length, head);
            multiply(Strided::new(scores, rows, length), values, &mut self.attended);
            for (token, attended) in out.chunks_exact_mut(width).zip(self.attended.chunks_exact(group * head))
            {
                token[offset..][..group * head].copy_from_slice(attended);
            }
        }
    }
}
