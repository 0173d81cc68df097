//! Matrices of quantised weights, and the arithmetic of a transformer on them.
//!
//! # Design
//!
//! - Weights stay as the file stores them (5 or 8.5 bits each) and are widened to 32-bit floating point
//!   in registers, never rounded further; activations are 32-bit throughout. So the results equal those
//!   of the dequantised model up to the order of additions, and a token reads 98 MB, not 540 MB.
//! - One vector ([`Matrix::times_vector`], writing an answer) is bound by memory and by widening: own
//!   kernels, `avx2` where the processor has it, else `portable`.
//! - Many vectors ([`Matrix::times_batch`], reading a prompt) are bound by arithmetic: the matrix is
//!   widened once and multiplied by the crate `gemm`.
//! - The work is split by rows over rayon's pool; a row's sum does not depend on the split, so a result
//!   does not depend on the number of threads.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod batch;
mod kernels;
mod portable;

use rayon::prelude::*;

pub(crate) use batch::{Strided, multiply};
pub(crate) use kernels::{add_scaled, dot, rms_norm, softmax, swiglu};

use crate::gguf::{Encoding, GgufError, GgufFile};

/// Weights of one block, in both encodings.
const BLOCK: usize = 32;

/// A matrix of weights, row by row: `out` rows of `in` weights.
pub(crate) struct Matrix {
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

impl Matrix {
    /// Reads a matrix from a model file.
    pub(crate) fn read(
        file: &GgufFile,
        name: &str,
        columns: usize,
        rows: usize,
    ) -> Result<Self, GgufError> {
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

    pub(crate) fn rows(&self) -> usize {
        self.rows
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

    /// `out = vectors · selfᵀ` for vectors that lie one after the other. `wide` is room for the widened
    /// matrix, kept by the caller so that it is not allocated each time.
    pub(crate) fn times_batch(&self, vectors: &[f32], out: &mut [f32], wide: &mut Vec<f32>) {
        wide.resize(self.rows * self.columns, 0.0);
        let share = self.rows.div_ceil(4 * rayon::current_num_threads()).max(16);
        wide.par_chunks_mut(share * self.columns).zip(self.bytes.par_chunks(share * self.row_bytes)).for_each(
            |(wide, bytes)| {
                for (wide, row) in
                    wide.chunks_exact_mut(self.columns).zip(bytes.chunks_exact(self.row_bytes))
                {
                    self.widen(row, wide);
                }
            },
        );
        let count = vectors.len() / self.columns;
        multiply(
            Strided::new(vectors, count, self.columns),
            Strided::new(wide, self.rows, self.columns).transposed(),
            &mut *out,
        );
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
            Self::Q4_1 => portable::Q4_1_BYTES,
            Self::Q8_0 => portable::Q8_0_BYTES,
        }
    }
}
