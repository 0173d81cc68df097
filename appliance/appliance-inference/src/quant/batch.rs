//! Products of whole matrices, by the crate `gemm` (which chooses vector instructions as it runs).

use gemm::{Parallelism, gemm};

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
    fn multiplies_a_mirrored_matrix() {
        let left = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let right = [1.0, 0.0, 2.0, 0.0, 1.0, 1.0];
        let mut out = [f32::NAN; 4];
        multiply(Strided::new(&left, 2, 3), Strided::new(&right, 2, 3).transposed(), &mut out);
        assert_eq!(out, [7.0, 5.0, 16.0, 11.0]);
    }
}
