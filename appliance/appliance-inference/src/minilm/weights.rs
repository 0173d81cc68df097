//! Reads weights from a safetensors file.

use rayon::prelude::*;
use safetensors::{Dtype, SafeTensorError, SafeTensors};

use crate::linear::{DenseMatrix, layer_norm};

/// Why the weights cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum WeightError {
    #[error("{0}")]
    File(SafeTensorError),
    #[error("tensor `{name}`: {error}")]
    Missing { name: String, error: SafeTensorError },
    #[error("tensor `{name}` is {dtype:?} of shape {shape:?}, not F32 of shape {expected:?}")]
    Shape { name: String, dtype: Dtype, shape: Vec<usize>, expected: Vec<usize> },
}

/// The tensors of a file. The crate checks their places in it.
pub(super) struct Weights<'a>(SafeTensors<'a>);

impl<'a> Weights<'a> {
    pub(super) fn new(file: &'a [u8]) -> Result<Self, WeightError> {
        SafeTensors::deserialize(file).map(Self).map_err(WeightError::File)
    }

    /// The numbers of a matrix, row by row.
    pub(super) fn matrix(&self, name: &str, rows: usize, columns: usize) -> Result<Vec<f32>, WeightError> {
        self.numbers(name, &[rows, columns])
    }

    /// A layer norm.
    pub(super) fn norm(&self, name: &str, width: usize, epsilon: f32) -> Result<Norm, WeightError> {
        Ok(Norm {
            weight: self.numbers(&format!("{name}.weight"), &[width])?,
            bias: self.numbers(&format!("{name}.bias"), &[width])?,
            epsilon,
        })
    }

    /// Linear layers, put together to one with the rows of all.
    pub(super) fn dense(
        &self,
        names: &[String],
        columns: usize,
        rows: usize,
    ) -> Result<DenseMatrix, WeightError> {
        let (mut weights, mut bias) = (Vec::new(), Vec::new());
        for name in names {
            weights.extend(self.matrix(&format!("{name}.weight"), rows, columns)?);
            bias.extend(self.numbers(&format!("{name}.bias"), &[rows])?);
        }
        Ok(DenseMatrix::new(weights, bias))
    }

    fn numbers(&self, name: &str, expected: &[usize]) -> Result<Vec<f32>, WeightError> {
        let named = |error| WeightError::Missing { name: name.to_owned(), error };
        let tensor = self.0.tensor(name).map_err(named)?;
        if tensor.dtype() != Dtype::F32 || tensor.shape() != expected {
            return Err(WeightError::Shape {
                name: name.to_owned(),
                dtype: tensor.dtype(),
                shape: tensor.shape().to_vec(),
                expected: expected.to_vec(),
            });
        }
        Ok(tensor.data().as_chunks().0.iter().map(|number| f32::from_le_bytes(*number)).collect())
    }
}

/// A layer norm.
pub(super) struct Norm {
    weight: Vec<f32>,
    bias: Vec<f32>,
    epsilon: f32,
}

impl Norm {
    /// Norms every row.
    pub(super) fn apply(&self, rows: &mut [f32]) {
        rows.par_chunks_exact_mut(self.weight.len())
            .for_each(|row| layer_norm(row, &self.weight, &self.bias, self.epsilon));
    }
}
