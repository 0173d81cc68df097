//! One entry of the table of tensors.

use std::fmt;

use super::GgufError;

/// How a tensor's weights are stored (`enum ggml_type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Encoding {
    /// 32-bit floating point.
    F32,
    /// 32 weights of 4 bits with a scale and a minimum: 20 bytes.
    Q4_1,
    /// 32 weights of 8 bits with a scale: 34 bytes.
    Q8_0,
    /// Another, which this crate cannot read.
    Other(u32),
}

impl Encoding {
    pub(super) fn from_code(code: u32) -> Self {
        match code {
            0 => Self::F32,
            3 => Self::Q4_1,
            8 => Self::Q8_0,
            other => Self::Other(other),
        }
    }

    /// Weights and bytes of one block.
    pub(crate) fn block(self) -> Option<(usize, usize)> {
        match self {
            Self::F32 => Some((1, 4)),
            Self::Q4_1 => Some((32, 20)),
            Self::Q8_0 => Some((32, 34)),
            Self::Other(_) => None,
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::F32 => f.write_str("F32"),
            Self::Q4_1 => f.write_str("Q4_1"),
            Self::Q8_0 => f.write_str("Q8_0"),
            Self::Other(code) => write!(f, "ggml type {code}"),
        }
    }
}

/// Name, shape and place of a tensor.
#[derive(Clone, Debug)]
pub(crate) struct TensorEntry {
    pub(crate) name: String,
    /// Fastest first: a matrix of `out` rows is `[in, out]`.
    pub(crate) dims: Vec<u64>,
    pub(crate) encoding: Encoding,
    /// From the start of the tensors' data, bytes.
    pub(super) offset: u64,
}

impl TensorEntry {
    /// Number of weights.
    pub(crate) fn weights(&self) -> Option<u64> {
        self.dims.iter().try_fold(1_u64, |product, dim| product.checked_mul(*dim))
    }

    /// Length of its data, bytes.
    pub(super) fn bytes(&self) -> Result<u64, GgufError> {
        let problem = |problem: String| GgufError::Tensor { name: self.name.clone(), problem };
        let (weights, bytes) = self
            .encoding
            .block()
            .ok_or_else(|| problem(format!("is stored as {}, which cannot be read", self.encoding)))?;
        let row = self.dims.first().copied().unwrap_or(1);
        if !row.is_multiple_of(weights as u64) {
            return Err(problem(format!("has rows of {row} weights, no multiple of {weights}")));
        }
        self.weights()
            .and_then(|count| (count / weights as u64).checked_mul(bytes as u64))
            .ok_or_else(|| problem(format!("has impossible dimensions {:?}", self.dims)))
    }

    /// Whether its data is inside a file of this length.
    pub(super) fn check(&self, data_start: u64, file: u64) -> Result<(), GgufError> {
        let end = data_start.checked_add(self.offset).and_then(|start| start.checked_add(self.bytes().ok()?));
        // A tensor of an unknown encoding is reported when it is asked for.
        if self.encoding.block().is_none() || end.is_some_and(|end| end <= file) {
            return Ok(());
        }
        self.bytes()?;
        Err(GgufError::Truncated(format!("tensor `{}`", self.name)))
    }
}
