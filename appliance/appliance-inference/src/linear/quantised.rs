//! Matrices of quantised weights.

use rayon::prelude::*;

use super::kernels;
use super::portable::{Q4_1_BYTES, Q8_0_BYTES};
use super::product::{GROUP, gather, multiply_group};
use crate::gguf::{Encoding, GgufError, GgufFile};

/// Weights of one block, in both encodings.
const BLOCK: usize = 32;

/// A matrix of weights, row by row: `out` rows of `in` weights.
pub(crate) struct QuantMatrix {
    rows: usize,
    columns: usize,
    kind: Kind,
    row_bytes: usize,
    bytes: Vec<u8>,
}

#[derive(Clone, Copy)]
enum Kind {
    Q4_1,
    Q8_0,
}

/// A vector, and the sum of each of its blocks of 32 (Q4_1 adds a block's minimum times that).
pub(crate) struct Vector {
    values: Vec<f32>,
    sums: Vec<f32>,
}

impl Vector {
    pub(crate) fn new(length: usize) -> Self {
        Self { values: vec![0.0; length], sums: vec![0.0; length.div_ceil(BLOCK)] }
    }

    /// Fills it, and sums its blocks.
    pub(crate) fn fill(&mut self, how: impl FnOnce(&mut [f32])) {
        how(&mut self.values);
        for (sum, block) in self.sums.iter_mut().zip(self.values.chunks(BLOCK)) {
            *sum = block.iter().sum();
        }
    }
}

impl QuantMatrix {
    /// Reads a matrix from a model file.
    pub(crate) fn read(file: &GgufFile, name: &str, columns: usize, rows: usize) -> Result<Self, GgufError> {
        let entry = file.tensor(name, &[columns, rows])?;
        let problem = |problem: String| GgufError::Tensor { name: name.to_owned(), problem };
        let kind = match entry.encoding {
            Encoding::Q4_1 => Kind::Q4_1,
            Encoding::Q8_0 => Kind::Q8_0,
            other => return Err(problem(format!("is stored as {other}; only Q4_1 and Q8_0 can be read"))),
        };
        let bytes = file.bytes(entry)?;
        let matrix = Self { rows, columns, kind, row_bytes: columns / BLOCK * kind.block_bytes(), bytes };
        if !matrix.has_finite_scales() {
            return Err(problem("is damaged: a scale is not a finite number".into()));
        }
        Ok(matrix)
    }

    /// `out = self · vector`.
    pub(crate) fn times_vector(&self, vector: &Vector, out: &mut [f32]) {
        assert_eq!((vector.values.len(), out.len()), (self.columns, self.rows));
        let share = self.rows.div_ceil(2 * rayon::current_num_threads()).max(32);
        out.par_chunks_mut(share).zip(self.bytes.par_chunks(share * self.row_bytes)).for_each(
            |(out, bytes)| {
                for (out, row) in out.iter_mut().zip(bytes.chunks_exact(self.row_bytes)) {
                    *out = match self.kind {
                        Kind::Q4_1 => kernels::dot_q4_1(row, &vector.values, &vector.sums),
                        Kind::Q8_0 => kernels::dot_q8_0(row, &vector.values),
                    };
                }
            },
        );
    }

    /// `out = vectors · selfᵀ` for vectors that lie one after the other. `staging` is room for the same
    /// numbers in the order in which they are computed; the caller keeps it from one call to the next.
    pub(crate) fn times_batch(&self, vectors: &[f32], out: &mut [f32], staging: &mut Vec<f32>) {
        let count = vectors.len() / self.columns;
        assert_eq!((vectors.len(), out.len()), (count * self.columns, count * self.rows));
        staging.resize(out.len(), 0.0);
        staging
            .par_chunks_mut(GROUP * count)
            .zip(self.bytes.par_chunks(GROUP * self.row_bytes))
            .for_each_init(Vec::new, |wide, (products, bytes)| {
                wide.resize(bytes.len() / self.row_bytes * self.columns, 0.0);
                for (wide, row) in wide.chunks_exact_mut(self.columns).zip(bytes.chunks_exact(self.row_bytes))
                {
                    self.widen(row, wide);
                }
                multiply_group(wide, self.columns, vectors, products, bytes.len() / self.row_bytes);
            });
        gather(staging, self.rows, out);
    }

    /// Copies a row into `out`, widened.
    pub(crate) fn row(&self, row: usize, out: &mut [f32]) {
        self.widen(&self.bytes[row * self.row_bytes..][..self.row_bytes], out);
    }

    fn widen(&self, row: &[u8], out: &mut [f32]) {
        match self.kind {
            Kind::Q4_1 => kernels::widen_q4_1(row, out),
            Kind::Q8_0 => kernels::widen_q8_0(row, out),
        }
    }

    fn has_finite_scales(&self) -> bool {
        const EXPONENT: u8 = 0x7c;
        let finite = |scale: &[u8]| scale[1] & EXPONENT != EXPONENT;
        self.bytes.chunks_exact(self.kind.block_bytes()).all(|block| match self.kind {
            Kind::Q4_1 => finite(&block[..2]) && finite(&block[2..4]),
            Kind::Q8_0 => finite(&block[..2]),
        })
    }
}

impl Kind {
    fn block_bytes(self) -> usize {
        match self {
            Self::Q4_1 => Q4_1_BYTES,
            Self::Q8_0 => Q8_0_BYTES,
        }
    }
}
