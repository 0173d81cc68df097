//! Products of whole matrices.

use rayon::prelude::*;

use super::kernels::tile;

/// Rows that are multiplied together: few enough for the second-level cache.
pub(super) const GROUP: usize = 32;

/// The products of some rows with vectors, `columns` numbers each (a multiple of 8). A vector's products lie
/// one after the other, and `width` numbers further those of the next.
pub(crate) fn multiply_group(rows: &[f32], columns: usize, vectors: &[f32], out: &mut [f32], width: usize) {
    for (four, first) in rows.chunks(4 * columns).zip((0..).step_by(4)) {
        for (three, out) in vectors.chunks(3 * columns).zip(out.chunks_mut(3 * width)) {
            let products = tile(cut(four, columns), cut(three, columns));
            for (out, products) in out.chunks_exact_mut(width).zip(products) {
                let four = four.len() / columns;
                out[first..][..four].copy_from_slice(&products[..four]);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn group_has_every_product_whatever_its_shape() {
        let columns = 32;
        for (rows, vectors) in [(1, 1), (4, 3), (7, 5), (32, 10)] {
            let left: Vec<f32> = (0..rows * columns).map(|i| (i % 13) as f32).collect();
            let right: Vec<f32> = (0..vectors * columns).map(|i| (i % 7) as f32).collect();
            let width = rows + 3;
            let mut out = vec![-1.0; width * vectors];
            multiply_group(&left, columns, &right, &mut out, width);
            for (index, out) in out.iter().enumerate() {
                let (vector, row) = (index / width, index % width);
                if row >= rows {
                    assert_eq!(*out, -1.0, "what is between the products stays");
                    continue;
                }
                let pairs = left[row * columns..][..columns].iter().zip(&right[vector * columns..]);
                assert_eq!(*out, pairs.map(|(a, b)| a * b).sum::<f32>(), "{rows} {vectors} {index}");
            }
        }
    }
}
