//! Products of whole matrices.

use gemm::{Parallelism, gemm};
use rayon::prelude::*;

use super::kernels::tile;

/// Rows that are multiplied together: few enough for the second-level cache.
pub(super) const GROUP: usize = 32;

/// The products of a group of rows with vectors, `columns` numbers each; a vector's products lie one after
/// the other.
pub(super) fn multiply_group(rows: &[f32], columns: usize, vectors: &[f32], out: &mut [f32]) {
    let width = rows.len() / columns;
    for (four, first) in rows.chunks(4 * columns).zip((0..).step_by(4)) {
        for (three, out) in vectors.chunks(3 * columns).zip(out.chunks_mut(3 * width)) {
            let products = tile(cut(four, columns), cut(three, columns));
            for (out, products) in out.chunks_exact_mut(width).zip(products) {
                for (out, product) in out[first..].iter_mut().zip(products) {
                    *out = product;
                }
            }
        }
    }
}

/// Brings the products of all groups into the order of the vectors, `rows` products each.
pub(super) fn gather(groups: &[f32], rows: usize, out: &mut [f32]) {
    let count = out.len() / rows;
    out.par_chunks_exact_mut(rows).enumerate().for_each(|(index, out)| {
        for (out, products) in out.chunks_mut(GROUP).zip(groups.chunks(GROUP * count)) {
            out.copy_from_slice(&products[index * out.len()..][..out.len()]);
        }
    });
}

/// The first few rows; where there are fewer, the last one again.
fn cut<const N: usize>(rows: &[f32], columns: usize) -> [&[f32]; N] {
    let last = rows.len() / columns - 1;
    std::array::from_fn(|row| &rows[row.min(last) * columns..][..columns])
}

/// A matrix in a slice: element (row, column) is at `row · row_step + column · column_step`.
#[derive(Clone, Copy)]
pub(crate) struct Strided<'a> {
    data: &'a [f32],
    rows: usize,
    columns: usize,
    row_step: usize,
    column_step: usize,
}

impl<'a> Strided<'a> {
    /// A matrix that lies row by row.
    pub(crate) fn new(data: &'a [f32], rows: usize, columns: usize) -> Self {
        Self { data, rows, columns, row_step: columns, column_step: 1 }
    }

    /// The same, mirrored.
    pub(crate) fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_step: self.column_step,
            column_step: self.row_step,
            ..self
        }
    }

    fn fits(&self) -> bool {
        self.rows == 0
            || self.columns == 0
            || (self.rows - 1) * self.row_step + (self.columns - 1) * self.column_step < self.data.len()
    }
}

/// `out = left · right`; `out` lies row by row.
pub(crate) fn multiply(left: Strided, right: Strided, out: &mut [f32]) {
    assert_eq!(left.columns, right.rows);
    assert!(left.fits() && right.fits() && left.rows * right.columns <= out.len());
    let step = |step: usize| step.cast_signed();
    // SAFETY: every element of the three matrices lies inside its slice (checked above), and `out` is
    // borrowed mutably, so it overlaps neither input.
    #[expect(unsafe_code, reason = "gemm takes pointers and strides")]
    unsafe {
        gemm(
            left.rows,
            right.columns,
            left.columns,
            out.as_mut_ptr(),
            1,
            step(right.columns),
            false,
            left.data.as_ptr(),
            step(left.column_step),
            step(left.row_step),
            right.data.as_ptr(),
            step(right.column_step),
            step(right.row_step),
            0.0,
            1.0,
            false,
            false,
            false,
            Parallelism::Rayon(rayon::current_num_threads()),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn group_has_every_product_whatever_its_shape() {
        let columns = 32;
        for (rows, vectors) in [(1, 1), (4, 3), (7, 5), (32, 10)] {
            let left: Vec<f32> = (0..rows * columns).map(|i| (i % 13) as f32).collect();
            let right: Vec<f32> = (0..vectors * columns).map(|i| (i % 7) as f32).collect();
            let mut out = vec![f32::NAN; rows * vectors];
            multiply_group(&left, columns, &right, &mut out);
            for (index, out) in out.iter().enumerate() {
                let (vector, row) = (index / rows, index % rows);
                let pairs = left[row * columns..][..columns].iter().zip(&right[vector * columns..]);
                assert_eq!(*out, pairs.map(|(a, b)| a * b).sum::<f32>(), "{rows} {vectors} {index}");
            }
        }
    }

    #[test]
    fn multiplies_a_mirrored_matrix() {
        let left = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let right = [1.0, 0.0, 2.0, 0.0, 1.0, 1.0];
        let mut out = [f32::NAN; 4];
        multiply(Strided::new(&left, 2, 3), Strided::new(&right, 2, 3).transposed(), &mut out);
        assert_eq!(out, [7.0, 5.0, 16.0, 11.0]);
    }
}
