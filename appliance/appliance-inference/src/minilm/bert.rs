//! The network: a BERT encoder without its pooler.
//!
//! Texts lie one after the other without padding: everything but attention is done for all their tokens at
//! once, and attention for each text by itself.
//!
//! Source: arXiv 1810.04805; names of tensors as the Hugging Face library writes them.

use rayon::prelude::*;
use serde::Deserialize;

use super::weights::{Norm, WeightError, Weights};
use crate::linear::{DenseMatrix, add_scaled, dot, gelu, softmax};

/// The dimensions, of `config.json`.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Config {
    pub(super) hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    vocab_size: usize,
    pub(super) max_position_embeddings: usize,
    type_vocab_size: usize,
    layer_norm_eps: f32,
    hidden_act: String,
    position_embedding_type: String,
}

/// The network in memory.
pub(super) struct Bert {
    config: Config,
    words: Vec<f32>,
    /// The position's numbers, with those of the one type of text added.
    positions: Vec<f32>,
    norm: Norm,
    layers: Vec<Layer>,
}

struct Layer {
    /// Queries, keys and values in one.
    attention: DenseMatrix,
    output: DenseMatrix,
    output_norm: Norm,
    inner: DenseMatrix,
    outer: DenseMatrix,
    outer_norm: Norm,
}

/// Buffers of one computation.
#[derive(Default)]
struct Room {
    staging: Vec<f32>,
    attention: Vec<f32>,
    projected: Vec<f32>,
    inner: Vec<f32>,
}

impl Config {
    /// Whether this crate can run such a network.
    pub(super) fn is_supported(&self) -> bool {
        let within = |number: usize, most: usize| (1..=most).contains(&number);
        within(self.hidden_size, 4096)
            && within(self.num_hidden_layers, 128)
            && within(self.num_attention_heads, 128)
            && within(self.intermediate_size, 32_768)
            && within(self.vocab_size, 1 << 20)
            && within(self.max_position_embeddings, 1 << 16)
            && within(self.type_vocab_size, 16)
            && self.hidden_size.is_multiple_of(self.num_attention_heads)
            && self.hidden_act == "gelu"
            && self.position_embedding_type == "absolute"
    }
}

impl Bert {
    pub(super) fn read(weights: &Weights, config: Config) -> Result<Self, WeightError> {
        let width = config.hidden_size;
        let mut positions =
            weights.matrix("embeddings.position_embeddings.weight", config.max_position_embeddings, width)?;
        let types =
            weights.matrix("embeddings.token_type_embeddings.weight", config.type_vocab_size, width)?;
        for position in positions.chunks_exact_mut(width) {
            add_scaled(position, 1.0, &types[..width]);
        }
        Ok(Self {
            words: weights.matrix("embeddings.word_embeddings.weight", config.vocab_size, width)?,
            positions,
            norm: weights.norm("embeddings.LayerNorm", width, config.layer_norm_eps)?,
            layers: (0..config.num_hidden_layers)
                .map(|index| Layer::read(weights, &format!("encoder.layer.{index}"), &config))
                .collect::<Result<_, _>>()?,
            config,
        })
    }

    /// The states of all tokens of some texts, text after text. A token that the vocabulary lacks is an
    /// error of the caller's tokenizer and stands for nothing.
    pub(super) fn states(&self, texts: &[&[u32]]) -> Vec<f32> {
        let width = self.config.hidden_size;
        let mut states = Vec::with_capacity(texts.iter().map(|text| text.len() * width).sum());
        for text in texts {
            for (token, position) in text.iter().zip(self.positions.chunks_exact(width)) {
                let word = self.words.get(*token as usize * width..).unwrap_or_default();
                states.extend(position.iter().zip(word).map(|(position, word)| position + word));
            }
        }
        self.norm.apply(&mut states);
        let mut room = Room::default();
        for layer in &self.layers {
            layer.attention.times_batch(&states, &mut room.attention, &mut room.staging);
            let attended = self.attend(texts, &room.attention);
            layer.output.times_batch(&attended, &mut room.projected, &mut room.staging);
            add_scaled(&mut states, 1.0, &room.projected);
            layer.output_norm.apply(&mut states);
            layer.inner.times_batch(&states, &mut room.inner, &mut room.staging);
            room.inner.par_chunks_mut(self.config.intermediate_size).for_each(gelu);
            layer.outer.times_batch(&room.inner, &mut room.projected, &mut room.staging);
            add_scaled(&mut states, 1.0, &room.projected);
            layer.outer_norm.apply(&mut states);
        }
        states
    }

    /// Every token of a text attends to all of that text. `rows` are each token's queries, keys and values.
    fn attend(&self, texts: &[&[u32]], rows: &[f32]) -> Vec<f32> {
        let width = self.config.hidden_size;
        let head = width / self.config.num_attention_heads;
        let scale = (head as f32).sqrt().recip();
        let mut out = vec![0.0; rows.len() / 3];
        let (mut text_rows, mut text_outs) = (rows, out.as_mut_slice());
        for text in texts {
            let (rows, rest) = text_rows.split_at(text.len() * 3 * width);
            let (outs, rest_outs) = text_outs.split_at_mut(text.len() * width);
            (text_rows, text_outs) = (rest, rest_outs);
            outs.par_chunks_exact_mut(width).zip(rows.par_chunks_exact(3 * width)).for_each_init(
                || vec![0.0; text.len()],
                |scores, (out, query)| {
                    for (out, start) in out.chunks_exact_mut(head).zip((0..).step_by(head)) {
                        for (score, row) in scores.iter_mut().zip(rows.chunks_exact(3 * width)) {
                            *score = dot(&query[start..][..head], &row[width + start..][..head]) * scale;
                        }
                        softmax(scores);
                        for (score, row) in scores.iter().zip(rows.chunks_exact(3 * width)) {
                            add_scaled(out, *score, &row[2 * width + start..][..head]);
                        }
                    }
                },
            );
        }
        out
    }
}

impl Layer {
    fn read(weights: &Weights, name: &str, config: &Config) -> Result<Self, WeightError> {
        let (width, inner, epsilon) = (config.hidden_size, config.intermediate_size, config.layer_norm_eps);
        let dense = |part: &str, columns, rows| weights.dense(&[format!("{name}.{part}")], columns, rows);
        let attention = ["query", "key", "value"].map(|part| format!("{name}.attention.self.{part}"));
        Ok(Self {
            attention: weights.dense(&attention, width, width)?,
            output: dense("attention.output.dense", width, width)?,
            output_norm: weights.norm(&format!("{name}.attention.output.LayerNorm"), width, epsilon)?,
            inner: dense("intermediate.dense", width, inner)?,
            outer: dense("output.dense", inner, width)?,
            outer_norm: weights.norm(&format!("{name}.output.LayerNorm"), width, epsilon)?,
        })
    }
}
