//! The llama network: reads tokens, gives the scores of the next one.
//!
//! # Design
//!
//! - [`Llama::read`] takes up to [`CHUNK`] tokens of a prompt at once (matrix by matrix products), then
//!   [`Llama::next`] one token at a time (matrix by vector). Both append to the same [`Cache`].
//! - Scores are computed for the last token only.
//!
//! Source: arXiv 2302.13971 (llama), 2305.13245 (grouped-query attention), 2104.09864 (rotary positions);
//! weights and their order as llama.cpp's converter writes them.

mod attention;
mod cache;
mod config;
mod rotary;
mod weights;

use crate::gguf::{GgufError, GgufFile};
use crate::linear::{Vector, rms_norm, swiglu};

use attention::Attention;
use cache::Cache;
pub(crate) use config::Config;
use rotary::Rotary;
use weights::Weights;

/// Prompt tokens computed together: enough to pay for widening the weights, few enough that a caller who
/// leaves is noticed within a fraction of a second.
pub(crate) const CHUNK: usize = 128;

/// The network, and the conversation that it has read.
pub(crate) struct Llama {
    config: Config,
    weights: Weights,
    rotary: Rotary,
    cache: Cache,
    room: Room,
}

/// Buffers that every step needs again.
struct Room {
    state: Vec<f32>,
    normed: Vec<f32>,
    queries: Vec<f32>,
    keys: Vec<f32>,
    values: Vec<f32>,
    attended: Vec<f32>,
    gate: Vec<f32>,
    up: Vec<f32>,
    projected: Vec<f32>,
    staging: Vec<f32>,
    input: Vector,
    context: Vector,
    inner: Vector,
    attention: Attention,
    scores: Vec<f32>,
}

impl Llama {
    /// Loads the network from a model file.
    pub(crate) fn load(file: &GgufFile) -> Result<Self, GgufError> {
        let config = Config::from_metadata(&file.metadata)?;
        let weights = Weights::read(file, &config)?;
        Ok(Self {
            rotary: Rotary::new(&config),
            cache: Cache::new(&config),
            room: Room {
                state: Vec::new(),
                normed: Vec::new(),
                queries: Vec::new(),
                keys: Vec::new(),
                values: Vec::new(),
                attended: Vec::new(),
                gate: Vec::new(),
                up: Vec::new(),
                projected: Vec::new(),
                staging: Vec::new(),
                input: Vector::new(config.width),
                context: Vector::new(config.width),
                inner: Vector::new(config.inner),
                attention: Attention::default(),
                scores: vec![0.0; config.vocabulary],
            },
            config,
            weights,
        })
    }

    /// The network's dimensions.
    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// Forgets the conversation, and gives back most of its memory.
    pub(crate) fn clear(&mut self) {
        self.cache.clear();
        self.room.attention = Attention::default();
    }

    /// Reads 1 to [`CHUNK`] tokens.
    pub(crate) fn read(&mut self, tokens: &[u32]) {
        let (config, room, count) = (&self.config, &mut self.room, tokens.len());
        let start = self.cache.length();
        for (buffer, width) in [
            (&mut room.state, config.width),
            (&mut room.normed, config.width),
            (&mut room.projected, config.width),
            (&mut room.queries, config.width),
            (&mut room.attended, config.width),
            (&mut room.keys, config.key_width()),
            (&mut room.values, config.key_width()),
            (&mut room.gate, config.inner),
            (&mut room.up, config.inner),
        ] {
            buffer.resize(count * width, 0.0);
        }
        for (token, state) in tokens.iter().zip(room.state.chunks_exact_mut(config.width)) {
            self.weights.embedding.row(*token as usize, state);
        }
        for (index, layer) in self.weights.layers.iter().enumerate() {
            norm_rows(&room.state, &layer.attention_norm, config, &mut room.normed);
            layer.query.times_batch(&room.normed, &mut room.queries, &mut room.staging);
            layer.key.times_batch(&room.normed, &mut room.keys, &mut room.staging);
            layer.value.times_batch(&room.normed, &mut room.values, &mut room.staging);
            self.rotary.turn(&mut room.queries, config.width, start);
            self.rotary.turn(&mut room.keys, config.key_width(), start);
            self.cache.append(index, &room.keys, &room.values);
            room.attention.batch(config, self.cache.layer(index), &room.queries, &mut room.attended);
            layer.output.times_batch(&room.attended, &mut room.projected, &mut room.staging);
            add(&mut room.state, &room.projected);
            norm_rows(&room.state, &layer.inner_norm, config, &mut room.normed);
            layer.gate.times_batch(&room.normed, &mut room.gate, &mut room.staging);
            layer.up.times_batch(&room.normed, &mut room.up, &mut room.staging);
            swiglu(&mut room.gate, &room.up);
            layer.down.times_batch(&room.gate, &mut room.projected, &mut room.staging);
            add(&mut room.state, &room.projected);
        }
    }

    /// Reads one token.
    pub(crate) fn next(&mut self, token: u32) {
        let (config, room) = (&self.config, &mut self.room);
        let start = self.cache.length();
        room.state.resize(config.width, 0.0);
        room.projected.resize(config.width, 0.0);
        room.queries.resize(config.width, 0.0);
        room.keys.resize(config.key_width(), 0.0);
        room.values.resize(config.key_width(), 0.0);
        room.gate.resize(config.inner, 0.0);
        room.up.resize(config.inner, 0.0);
        self.weights.embedding.row(token as usize, &mut room.state);
        for (index, layer) in self.weights.layers.iter().enumerate() {
            room.input.fill(|out| rms_norm(&room.state, &layer.attention_norm, config.epsilon, out));
            layer.query.times_vector(&room.input, &mut room.queries);
            layer.key.times_vector(&room.input, &mut room.keys);
            layer.value.times_vector(&room.input, &mut room.values);
            self.rotary.turn(&mut room.queries, config.width, start);
            self.rotary.turn(&mut room.keys, config.key_width(), start);
            self.cache.append(index, &room.keys, &room.values);
            room.context
                .fill(|out| room.attention.single(config, self.cache.layer(index), &room.queries, out));
            layer.output.times_vector(&room.context, &mut room.projected);
            add(&mut room.state, &room.projected);
            room.input.fill(|out| rms_norm(&room.state, &layer.inner_norm, config.epsilon, out));
            layer.gate.times_vector(&room.input, &mut room.gate);
            layer.up.times_vector(&room.input, &mut room.up);
            swiglu(&mut room.gate, &room.up);
            room.inner.fill(|out| out.copy_from_slice(&room.gate));
            layer.down.times_vector(&room.inner, &mut room.projected);
            add(&mut room.state, &room.projected);
        }
    }

    /// The scores of each token to come after the last one that was read.
    pub(crate) fn scores(&mut self) -> &mut [f32] {
        let (config, room) = (&self.config, &mut self.room);
        let last = room.state.len() - config.width;
        room.input.fill(|out| rms_norm(&room.state[last..], &self.weights.output_norm, config.epsilon, out));
        self.weights.embedding.times_vector(&room.input, &mut room.scores);
        &mut room.scores
    }
}

fn norm_rows(rows: &[f32], weight: &[f32], config: &Config, out: &mut [f32]) {
    for (row, out) in rows.chunks_exact(config.width).zip(out.chunks_exact_mut(config.width)) {
        rms_norm(row, weight, config.epsilon, out);
    }
}

fn add(state: &mut [f32], change: &[f32]) {
    for (state, change) in state.iter_mut().zip(change) {
        *state += change;
    }
}
