//! The kernels in plain Rust. They are inlined into `avx2`'s functions too where the compiler makes good
//! vector code of them by itself.

/// A scale and a minimum (16-bit floating point) and 32 weights of 4 bits.
pub(super) const Q4_1_BYTES: usize = 20;
/// A scale (16-bit floating point) and 32 weights of 8 bits.
pub(super) const Q8_0_BYTES: usize = 34;

/// IEEE 754 half to single precision, for finite numbers.
#[inline(always)]
pub(super) fn half(low: u8, high: u8) -> f32 {
    let bits = u32::from(u16::from_le_bytes([low, high]));
    // The exponent's bias differs by 112; multiplying also makes subnormals right.
    let magnitude = f32::from_bits((bits & 0x7fff) << 13) * f32::from_bits((127 + 112) << 23);
    f32::from_bits(magnitude.to_bits() | (bits & 0x8000) << 16)
}

/// `row · x`; `sums` are the sums of `x`'s blocks.
pub(super) fn dot_q4_1(row: &[u8], x: &[f32], sums: &[f32]) -> f32 {
    let mut total = 0.0;
    let blocks = row.as_chunks::<Q4_1_BYTES>().0.iter().zip(x.as_chunks::<32>().0).zip(sums);
    for ((block, x), sum) in blocks {
        let mut lanes = [0.0_f32; 16];
        for (lane, quants) in block[4..].iter().enumerate() {
            lanes[lane] = f32::from(quants & 15) * x[lane] + f32::from(quants >> 4) * x[lane + 16];
        }
        total += half(block[0], block[1]) * lanes.iter().sum::<f32>() + half(block[2], block[3]) * sum;
    }
    total
}

/// `row · x`.
pub(super) fn dot_q8_0(row: &[u8], x: &[f32]) -> f32 {
    let mut total = 0.0;
    for (block, x) in row.as_chunks::<Q8_0_BYTES>().0.iter().zip(x.as_chunks::<32>().0) {
        let mut lanes = [0.0_f32; 8];
        for (lane, (quant, x)) in block[2..].iter().zip(x).enumerate() {
            lanes[lane % 8] += f32::from(quant.cast_signed()) * x;
        }
        total += half(block[0], block[1]) * lanes.iter().sum::<f32>();
    }
    total
}

/// Widens a row.
#[inline(always)]
pub(super) fn widen_q4_1(row: &[u8], out: &mut [f32]) {
    for (block, out) in row.as_chunks::<Q4_1_BYTES>().0.iter().zip(out.as_chunks_mut::<32>().0) {
        let (scale, minimum) = (half(block[0], block[1]), half(block[2], block[3]));
        let (low, high) = out.split_at_mut(16);
        for ((quants, low), high) in block[4..].iter().zip(low).zip(high) {
            *low = f32::from(quants & 15) * scale + minimum;
            *high = f32::from(quants >> 4) * scale + minimum;
        }
    }
}

/// Widens a row.
#[inline(always)]
pub(super) fn widen_q8_0(row: &[u8], out: &mut [f32]) {
    for (block, out) in row.as_chunks::<Q8_0_BYTES>().0.iter().zip(out.as_chunks_mut::<32>().0) {
        let scale = half(block[0], block[1]);
        for (quant, out) in block[2..].iter().zip(out) {
            *out = f32::from(quant.cast_signed()) * scale;
        }
    }
}

/// `a · b`; eight sums side by side, as the vector units have them.
#[inline(always)]
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 8];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    for (a, b) in a.iter().zip(b) {
        for lane in 0..8 {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    lanes.iter().sum::<f32>() + rest
}

/// All products of four rows with three vectors, `[vector][row]`.
pub(super) fn tile(rows: [&[f32]; 4], vectors: [&[f32]; 3]) -> [[f32; 4]; 3] {
    vectors.map(|vector| rows.map(|row| dot(row, vector)))
}

/// `out += factor · x`.
#[inline(always)]
pub(super) fn add_scaled(out: &mut [f32], factor: f32, x: &[f32]) {
    for (out, x) in out.iter_mut().zip(x) {
        *out += factor * x;
    }
}

/// Turns scores into probabilities.
#[inline(always)]
pub(super) fn softmax(scores: &mut [f32]) {
    let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut lanes = [0.0_f32; 8];
    let (chunks, rest) = scores.as_chunks_mut::<8>();
    for chunk in chunks {
        for lane in 0..8 {
            chunk[lane] = exp(chunk[lane] - most);
            lanes[lane] += chunk[lane];
        }
    }
    let mut total: f32 = lanes.iter().sum();
    for score in rest {
        *score = exp(*score - most);
        total += *score;
    }
    let factor = total.recip();
    for score in scores {
        *score *= factor;
    }
}

/// `gate = silu(gate) · up`, silu(x) = x / (1 + e⁻ˣ).
#[inline(always)]
pub(super) fn swiglu(gate: &mut [f32], up: &[f32]) {
    for (gate, up) in gate.iter_mut().zip(up) {
        *gate = *gate / (1.0 + exp(-*gate)) * up;
    }
}

/// gelu(x) = x/2 · (1 + erf(x/√2)), erf by Abramowitz and Stegun 7.1.26 (error below 1.5 · 10⁻⁷).
#[inline(always)]
pub(super) fn gelu(numbers: &mut [f32]) {
    for number in numbers {
        let x = number.abs() * std::f32::consts::FRAC_1_SQRT_2;
        let t = 1.0 / (1.0 + 0.327_591_1 * x);
        let series =
            ((((1.061_405_4 * t - 1.453_152_1) * t + 1.421_413_8) * t - 0.284_496_74) * t + 0.254_829_6) * t;
        let erf = (1.0 - series * exp(-x * x)).copysign(*number);
        *number *= 0.5 * (1.0 + erf);
    }
}

/// `x = (x - mean) / √(variance + epsilon) · weight + bias`.
#[inline(always)]
pub(super) fn layer_norm(x: &mut [f32], weight: &[f32], bias: &[f32], epsilon: f32) {
    let mean = x.iter().sum::<f32>() / x.len() as f32;
    for x in x.iter_mut() {
        *x -= mean;
    }
    let factor = (dot(x, x) / x.len() as f32 + epsilon).sqrt().recip();
    for ((x, weight), bias) in x.iter_mut().zip(weight).zip(bias) {
        *x = *x * factor * weight + bias;
    }
}

/// `out = x / √(mean(x²) + epsilon) · weight`.
#[inline(always)]
pub(super) fn rms_norm(x: &[f32], weight: &[f32], epsilon: f32, out: &mut [f32]) {
    let factor = (dot(x, x) / x.len() as f32 + epsilon).sqrt().recip();
    for ((out, x), weight) in out.iter_mut().zip(x).zip(weight) {
        *out = x * factor * weight;
    }
}

/// eˣ to about one unit in the last place, without a branch, so that loops over it become vector code.
/// Source: Cephes `expf` (S. Moshier), the usual reduction by powers of two.
#[inline(always)]
fn exp(x: f32) -> f32 {
    const LN2_HIGH: f32 = 355.0 / 512.0;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    /// Adding and taking away 1.5 · 2²³ rounds to a whole number.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.3, 88.3);
    let power = (x * std::f32::consts::LOG2_E + ROUND) - ROUND;
    let r = x - power * LN2_HIGH - power * LN2_LOW;
    let series = ((((1.987_569_1e-4 * r + 1.398_2e-3) * r + 8.333_452e-3) * r + 4.166_579_6e-2) * r
        + 0.166_666_65)
        * r
        + 0.5;
    let scale = f32::from_bits(((power as i32 + 127) << 23).cast_unsigned());
    (series * r * r + r + 1.0) * scale
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_precision_numbers_are_exact() {
        let cases: [(u16, f32); 7] = [
            (0x0000, 0.0),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x0001, 5.960_464_5e-8),
            (0x83ff, -6.097_555e-5),
            (0x3555, 0.333_251_95),
        ];
        for (bits, value) in cases {
            let [low, high] = bits.to_le_bytes();
            assert_eq!(half(low, high), value, "{bits:#06x}");
        }
    }

    #[test]
    fn exponential_is_close_everywhere() {
        for step in -8700..8800 {
            let x = step as f32 / 100.0;
            let (mine, exact) = (f64::from(exp(x)), f64::from(x).exp());
            assert!(((mine - exact) / exact).abs() < 3e-7, "exp({x}) = {mine}, not {exact}");
        }
        assert!(exp(-1000.0) < 1e-37);
    }

    #[test]
    fn gelu_equals_known_values() {
        // By SciPy: x / 2 · (1 + erf(x / √2)).
        let cases =
            [(-10.0, 0.0), (-1.0, -0.158_655_25), (0.0, 0.0), (0.5, 0.345_731_23), (3.0, 2.995_950_3)];
        for (x, expected) in cases {
            let mut numbers = [x];
            gelu(&mut numbers);
            assert!((numbers[0] - expected).abs() < 1e-6, "gelu({x}) = {}", numbers[0]);
        }
    }

    #[test]
    fn layer_norm_has_mean_zero_and_variance_one() {
        let mut x: Vec<f32> = (0..384).map(|i| (i as f32 * 0.3).sin() * 5.0 + 2.0).collect();
        layer_norm(&mut x, &[1.0; 384], &[0.0; 384], 1e-12);
        assert!(x.iter().sum::<f32>().abs() < 1e-3);
        assert!((dot(&x, &x) / 384.0 - 1.0).abs() < 1e-4);
    }

    #[test]
    fn softmax_sums_to_one() {
        let mut scores: Vec<f32> = (0..37).map(|i| (i as f32 * 0.7).sin() * 20.0).collect();
        softmax(&mut scores);
        assert!((scores.iter().sum::<f32>() - 1.0).abs() < 1e-6);
    }
}
