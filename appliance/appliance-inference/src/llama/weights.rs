//! The network's weights.

use crate::gguf::{GgufError, GgufFile};
use crate::linear::QuantMatrix;

use super::Config;

/// All weights. The embedding also turns the last state into scores ("tied").
pub(super) struct Weights {
    pub(super) embedding: QuantMatrix,
    pub(super) layers: Vec<Layer>,
    pub(super) output_norm: Vec<f32>,
}

/// The weights of one layer.
pub(super) struct Layer {
    pub(super) attention_norm: Vec<f32>,
    pub(super) query: QuantMatrix,
    pub(super) key: QuantMatrix,
    pub(super) value: QuantMatrix,
    pub(super) output: QuantMatrix,
    pub(super) inner_norm: Vec<f32>,
    pub(super) gate: QuantMatrix,
    pub(super) up: QuantMatrix,
    pub(super) down: QuantMatrix,
}

impl Weights {
    pub(super) fn read(file: &GgufFile, config: &Config) -> Result<Self, GgufError> {
        if file.tensors().iter().any(|tensor| tensor.name == "output.weight") {
            return Err(GgufError::Damaged("a model with an output matrix of its own".into()));
        }
        Ok(Self {
            embedding: QuantMatrix::read(file, "token_embd.weight", config.width, config.vocabulary)?,
            layers: (0..config.layers)
                .map(|index| Layer::read(file, config, index))
                .collect::<Result<_, _>>()?,
            output_norm: file.floats("output_norm.weight", config.width)?,
        })
    }
}

impl Layer {
    fn read(file: &GgufFile, config: &Config, index: usize) -> Result<Self, GgufError> {
        let name = |part: &str| format!("blk.{index}.{part}.weight");
        let matrix = |part: &str, columns, rows| QuantMatrix::read(file, &name(part), columns, rows);
        let (width, keys, inner) = (config.width, config.key_width(), config.inner);
        Ok(Self {
            attention_norm: file.floats(&name("attn_norm"), width)?,
            query: matrix("attn_q", width, width)?,
            key: matrix("attn_k", width, keys)?,
            value: matrix("attn_v", width, keys)?,
            output: matrix("attn_output", width, width)?,
            inner_norm: file.floats(&name("ffn_norm"), width)?,
            gate: matrix("ffn_gate", width, inner)?,
            up: matrix("ffn_up", width, inner)?,
            down: matrix("ffn_down", inner, width)?,
        })
    }
}
