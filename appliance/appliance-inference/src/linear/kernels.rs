//! Chooses for each kernel between `avx2` and `portable`, by the processor that it runs on.

use super::portable;

macro_rules! kernel {
    ($(#[$doc:meta])* $visibility:vis fn $name:ident($($argument:ident: $kind:ty),*) $(-> $result:ty)?) => {
        $(#[$doc])*
        #[inline]
        $visibility fn $name($($argument: $kind),*) $(-> $result)? {
            #[cfg(target_arch = "x86_64")]
            if has_avx2() {
                // SAFETY: the processor has every feature that the function is compiled for.
                #[expect(unsafe_code, reason = "the processor's features were checked")]
                return unsafe { super::avx2::$name($($argument),*) };
            }
            portable::$name($($argument),*)
        }
    };
}

kernel! {
    /// A row of Q4_1 weights times a vector; `sums` are the sums of the vector's blocks.
    pub(super) fn dot_q4_1(row: &[u8], x: &[f32], sums: &[f32]) -> f32
}
kernel! {
    /// A row of Q8_0 weights times a vector.
    pub(super) fn dot_q8_0(row: &[u8], x: &[f32]) -> f32
}
kernel! {
    /// Widens a row of Q4_1 weights.
    pub(super) fn widen_q4_1(row: &[u8], out: &mut [f32])
}
kernel! {
    /// Widens a row of Q8_0 weights.
    pub(super) fn widen_q8_0(row: &[u8], out: &mut [f32])
}
kernel! {
    /// All products of four rows with three vectors, `[vector][row]`.
    pub(super) fn tile(rows: [&[f32]; 4], vectors: [&[f32]; 3]) -> [[f32; 4]; 3]
}
kernel! {
    /// The scalar product.
    pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32
}
kernel! {
    /// `out += factor · x`.
    pub(crate) fn add_scaled(out: &mut [f32], factor: f32, x: &[f32])
}
kernel! {
    /// Turns scores into probabilities.
    pub(crate) fn softmax(scores: &mut [f32])
}
kernel! {
    /// `gate = silu(gate) · up`.
    pub(crate) fn swiglu(gate: &mut [f32], up: &[f32])
}
kernel! {
    /// The Gaussian error linear unit (arXiv 1606.08415), in place.
    pub(crate) fn gelu(numbers: &mut [f32])
}
kernel! {
    /// Layer norm (arXiv 1607.06450), in place.
    pub(crate) fn layer_norm(x: &mut [f32], weight: &[f32], bias: &[f32], epsilon: f32)
}
kernel! {
    /// Root-mean-square norm (arXiv 1910.07467).
    pub(crate) fn rms_norm(x: &[f32], weight: &[f32], epsilon: f32, out: &mut [f32])
}

#[cfg(target_arch = "x86_64")]
#[inline]
fn has_avx2() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") && is_x86_feature_detected!("f16c")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Some numbers that follow no pattern.
    fn numbers(count: usize) -> Vec<f32> {
        (0..count).map(|i| ((i * 2_654_435_761) % 1000) as f32 / 500.0 - 1.0).collect()
    }

    fn row(block: usize, blocks: usize, halves: usize) -> Vec<u8> {
        let mut row: Vec<u8> = (0..block * blocks).map(|i| (i * 167 % 251) as u8).collect();
        for block in row.chunks_exact_mut(block) {
            // Scales of a few hundredths.
            for half in 0..halves {
                block[2 * half + 1] = 0x28 + half as u8;
            }
        }
        row
    }

    fn block_sums(x: &[f32]) -> Vec<f32> {
        x.chunks(32).map(|block| block.iter().sum()).collect()
    }

    #[test]
    fn q4_1_product_equals_that_of_the_widened_row() {
        let (row, x) = (row(portable::Q4_1_BYTES, 18, 2), numbers(576));
        let mut wide = vec![0.0; 576];
        widen_q4_1(&row, &mut wide);
        let exact: f64 = wide.iter().zip(&x).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
        for product in [dot_q4_1(&row, &x, &block_sums(&x)), portable::dot_q4_1(&row, &x, &block_sums(&x))] {
            assert!((f64::from(product) - exact).abs() < 1e-4, "{product} is not {exact}");
        }
    }

    #[test]
    fn q8_0_product_equals_that_of_the_widened_row() {
        let (row, x) = (row(portable::Q8_0_BYTES, 18, 1), numbers(576));
        let mut wide = vec![0.0; 576];
        widen_q8_0(&row, &mut wide);
        let exact: f64 = wide.iter().zip(&x).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
        for product in [dot_q8_0(&row, &x), portable::dot_q8_0(&row, &x)] {
            assert!((f64::from(product) - exact).abs() < 1e-3, "{product} is not {exact}");
        }
    }

    #[test]
    fn scalar_product_takes_the_last_few_numbers_too() {
        for length in [1, 8, 15, 16, 33] {
            let (a, b) = (numbers(length), vec![0.5; length]);
            let exact: f32 = a.iter().map(|a| a * 0.5).sum();
            assert!((dot(&a, &b) - exact).abs() < 1e-5);
        }
    }
}
