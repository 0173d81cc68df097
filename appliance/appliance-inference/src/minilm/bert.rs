//! The network, its tokenizer, and the way from token states to one vector.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use appliance_core::inference::{Embeddings, InferenceError};
use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{BertModel, Config};
use tokenizers::{Encoding, Tokenizer};

use crate::engine::stopped;

/// The most tokens of a text.
pub(super) const CONTEXT: u32 = 256;
/// Length of a vector.
pub(super) const DIMENSIONS: u32 = 384;
/// What the model consists of.
pub(super) const FILES: [&str; 3] = [WEIGHTS, "tokenizer.json", "config.json"];
const WEIGHTS: &str = "model.safetensors";
/// Texts computed together: larger groups are no faster, and need more memory.
const GROUP: usize = 32;

/// The model in memory.
pub(crate) struct SentenceEncoder {
    network: BertModel,
    tokenizer: Tokenizer,
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
        let config: Config =
            serde_json::from_slice(&config?).map_err(|error| broken("config.json", &error))?;
        let mut tokenizer =
            Tokenizer::from_bytes(tokenizer?).map_err(|error| broken("tokenizer.json", &error))?;
        // The file asks for cutting and padding at 128 tokens.
        tokenizer.with_truncation(None).map_err(|error| broken("tokenizer.json", &error))?;
        tokenizer.with_padding(None);
        let fits = config.hidden_size == DIMENSIONS as usize
            && config.max_position_embeddings >= CONTEXT as usize
            && config.num_attention_heads > 0;
        if !fits {
            return Err(broken("config.json", &"it describes another model"));
        }
        let network = VarBuilder::from_buffered_safetensors(weights?, DType::F32, &Device::Cpu)
            .and_then(|weights| BertModel::load(weights, &config))
            .map_err(|error| broken(WEIGHTS, &error))?;
        Ok(Self { network, tokenizer })
    }

    /// Embeds texts; gives up between groups when `stop` becomes true.
    pub(super) fn encode(&self, texts: Vec<String>, stop: &AtomicBool) -> Result<Embeddings, InferenceError> {
        let encodings = self
            .tokenizer
            .encode_batch_fast(texts, true)
            .map_err(|source| InferenceError::Compute { source })?;
        for (index, encoding) in encodings.iter().enumerate() {
            let tokens = encoding.len() as u32;
            if tokens > CONTEXT {
                return Err(InferenceError::TooLong { index, tokens, limit: CONTEXT });
            }
        }
        let mut order: Vec<usize> = (0..encodings.len()).collect();
        order.sort_by_key(|index| encodings[*index].len());
        let mut vectors = vec![Vec::new(); encodings.len()];
        for group in order.chunks(GROUP) {
            if stop.load(Ordering::Relaxed) {
                return Err(stopped());
            }
            let members: Vec<&Encoding> = group.iter().map(|index| &encodings[*index]).collect();
            let computed =
                self.compute(&members).map_err(|error| InferenceError::Compute { source: error.into() })?;
            for (index, vector) in group.iter().zip(computed) {
                vectors[*index] = vector;
            }
        }
        let prompt_tokens = encodings.iter().map(|encoding| encoding.len() as u32).sum();
        Ok(Embeddings { vectors, prompt_tokens })
    }

    fn compute(&self, group: &[&Encoding]) -> candle_core::Result<Vec<Vec<f32>>> {
        let longest = group.iter().map(|encoding| encoding.len()).max().unwrap_or(0);
        let padded = |numbers: &dyn Fn(&Encoding) -> Vec<u32>| {
            let rows = group.iter().flat_map(|encoding| {
                let mut row = numbers(encoding);
                row.resize(longest, 0);
                row
            });
            Tensor::from_iter(rows, &Device::Cpu)?.reshape((group.len(), longest))
        };
        let tokens = padded(&|encoding| encoding.get_ids().to_vec())?;
        let mask = padded(&|encoding| vec![1; encoding.len()])?;
        let states = self.network.forward(&tokens, &tokens.zeros_like()?, Some(&mask))?;
        let mask = mask.to_dtype(DType::F32)?.unsqueeze(2)?;
        let mean = states.broadcast_mul(&mask)?.sum(1)?.broadcast_div(&mask.sum(1)?)?;
        let length = mean.sqr()?.sum_keepdim(1)?.sqrt()?;
        mean.broadcast_div(&length)?.to_vec2()
    }
}
