//! Matrices of 32-bit weights.

use rayon::prelude::*;

use super::product::{GROUP, gather, multiply_group};

/// A matrix, row by row: `out` rows of `in` weights; and what is added to each product.
pub(crate) struct DenseMatrix {
    columns: usize,
    weights: Vec<f32>,
    bias: Vec<f32>,
}

impl DenseMatrix {
    /// As many rows as `bias` has numbers.
    pub(crate) fn new(weights: Vec<f32>, bias: Vec<f32>) -> Self {
        Self { columns: weights.len() / bias.len(), weights, bias }
    }

    /// `out = vectors · selfᵀ + bias` for vectors that lie one after the other. `staging` is room for the
    /// same numbers in the order in which they are computed; the caller keeps it from one call to the next.
    pub(crate) fn times_batch(&self, vectors: &[f32], out: &mut Vec<f32>, staging: &mut Vec<f32>) {
        let (count, rows) = (vectors.len() / self.columns, self.bias.len());
        staging.resize(count * rows, 0.0);
        out.resize(count * rows, 0.0);
        staging.par_chunks_mut(GROUP * count).zip(self.weights.par_chunks(GROUP * self.columns)).for_each(
            |(products, weights)| {
                let rows = weights.len() / self.columns;
                multiply_group(weights, self.columns, vectors, products, rows);
            },
        );
        gather(staging, rows, out);
        out.par_chunks_exact_mut(rows).for_each(|out| {
            for (out, bias) in out.iter_mut().zip(&self.bias) {
                *out += bias;
            }
        });
    }
}
