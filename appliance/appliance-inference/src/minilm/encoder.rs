//! From texts to vectors: tokens, the network, the mean of their states.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use appliance_core::inference::{Embeddings, InferenceError};
use rayon::ThreadPool;
use tokenizers::Tokenizer;

use super::bert::{Bert, Config};
use super::weights::Weights;
use crate::engine::{stopped, thread_pool};
use crate::linear::{add_scaled, dot};

/// The most tokens of a text.
pub(super) const CONTEXT: u32 = 256;
/// Length of a vector.
pub(super) const DIMENSIONS: u32 = 384;
/// What the model consists of.
pub(super) const FILES: [&str; 3] = [WEIGHTS, TOKENIZER, CONFIG];
const WEIGHTS: &str = "model.safetensors";
const TOKENIZER: &str = "tokenizer.json";
const CONFIG: &str = "config.json";
/// Tokens computed together: larger groups are no faster, and need more memory.
const GROUP: usize = 512;

/// The model in memory.
pub(crate) struct SentenceEncoder {
    network: Bert,
    tokenizer: Tokenizer,
    pool: ThreadPool,
}

impl SentenceEncoder {
    /// Reads the model. The error is why it cannot be used.
    pub(super) fn read(folder: &Path) -> Result<Self, String> {
        let [weights, tokenizer, config] = FILES.map(|name| {
            std::fs::read(folder.join(name))
                .map_err(|error| format!("its file {name} cannot be read: {error}"))
        });
        let broken = |name: &str, problem: &dyn std::fmt::Display| {
            format!("its file {name} cannot be used: {problem}")
        };
        let config: Config = serde_json::from_slice(&config?).map_err(|error| broken(CONFIG, &error))?;
        let mut tokenizer = Tokenizer::from_bytes(tokenizer?).map_err(|error| broken(TOKENIZER, &error))?;
        // The file asks for cutting and padding at 128 tokens.
        tokenizer.with_truncation(None).map_err(|error| broken(TOKENIZER, &error))?;
        tokenizer.with_padding(None);
        let fits = config.hidden_size == DIMENSIONS as usize
            && config.max_position_embeddings >= CONTEXT as usize
            && config.is_supported();
        if !fits {
            return Err(broken(CONFIG, &"it describes another model"));
        }
        let network = Weights::new(&weights?)
            .and_then(|weights| Bert::read(&weights, config))
            .map_err(|error| broken(WEIGHTS, &error))?;
        Ok(Self { network, tokenizer, pool: thread_pool().map_err(|error| error.to_string())? })
    }

    /// Embeds texts; gives up between groups when `stop` becomes true.
    pub(super) fn encode(&self, texts: Vec<String>, stop: &AtomicBool) -> Result<Embeddings, InferenceError> {
        let encodings = self
            .tokenizer
            .encode_batch_fast(texts, true)
            .map_err(|source| InferenceError::Compute { source })?;
        let texts: Vec<&[u32]> = encodings.iter().map(|encoding| encoding.get_ids()).collect();
        for (index, text) in texts.iter().enumerate() {
            let tokens = text.len() as u32;
            if tokens > CONTEXT {
                return Err(InferenceError::TooLong { index, tokens, limit: CONTEXT });
            }
        }
        let mut vectors = Vec::with_capacity(texts.len());
        let mut left = texts.as_slice();
        while !left.is_empty() {
            if stop.load(Ordering::Relaxed) {
                return Err(stopped());
            }
            let (group, rest) = left.split_at(group(left));
            left = rest;
            let states = self.pool.install(|| self.network.states(group));
            vectors.extend(means(group, &states));
        }
        Ok(Embeddings { vectors, prompt_tokens: texts.iter().map(|text| text.len() as u32).sum() })
    }
}

/// How many of the texts to compute together; one at least.
fn group(texts: &[&[u32]]) -> usize {
    let mut tokens = 0;
    let fits = texts.iter().take_while(|text| {
        tokens += text.len();
        tokens <= GROUP
    });
    fits.count().max(1)
}

/// The mean state of each text, brought to length 1.
fn means(texts: &[&[u32]], states: &[f32]) -> Vec<Vec<f32>> {
    let width = DIMENSIONS as usize;
    let mut states = states.chunks_exact(width);
    let mean = |text: &&[u32]| {
        let mut sum = vec![0.0; width];
        for state in states.by_ref().take(text.len()) {
            add_scaled(&mut sum, 1.0, state);
        }
        let factor = dot(&sum, &sum).sqrt().recip();
        sum.iter_mut().for_each(|number| *number *= factor);
        sum
    };
    texts.iter().map(mean).collect()
}
