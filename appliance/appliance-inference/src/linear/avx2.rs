//! The kernels for processors with AVX2, FMA and F16C (Intel since 2013, AMD since 2015).

use std::arch::x86_64::*;

use super::portable::{self, Q4_1_BYTES, Q8_0_BYTES};

/// `row · x`; `sums` are the sums of `x`'s blocks.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn dot_q4_1(row: &[u8], x: &[f32], sums: &[f32]) -> f32 {
    let nibble = _mm_set1_epi8(15);
    let mut total = _mm256_setzero_ps();
    let mut minima = _mm_setzero_ps();
    let blocks = row.as_chunks::<Q4_1_BYTES>().0.iter().zip(eights_in_blocks(x)).zip(sums);
    for ((block, x), sum) in blocks {
        let [s0, s1, m0, m1, quants @ ..] = *block;
        // Lane 0: the scale, lane 1: the minimum.
        let scales = _mm_cvtph_ps(_mm_cvtsi32_si128(i32::from_le_bytes([s0, s1, m0, m1])));
        minima = _mm_fmadd_ps(scales, _mm_set1_ps(*sum), minima);
        let quants = load_16(quants);
        let low = _mm_and_si128(quants, nibble);
        let high = _mm_and_si128(_mm_srli_epi16::<4>(quants), nibble);
        let mut part = _mm256_mul_ps(widen_unsigned(low), load_8(x[0]));
        part = _mm256_fmadd_ps(widen_unsigned(_mm_srli_si128::<8>(low)), load_8(x[1]), part);
        part = _mm256_fmadd_ps(widen_unsigned(high), load_8(x[2]), part);
        part = _mm256_fmadd_ps(widen_unsigned(_mm_srli_si128::<8>(high)), load_8(x[3]), part);
        total = _mm256_fmadd_ps(_mm256_broadcastss_ps(scales), part, total);
    }
    sum(total) + _mm_cvtss_f32(_mm_movehdup_ps(minima))
}

/// `row · x`.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn dot_q8_0(row: &[u8], x: &[f32]) -> f32 {
    let mut total = _mm256_setzero_ps();
    for (block, x) in row.as_chunks::<Q8_0_BYTES>().0.iter().zip(eights_in_blocks(x)) {
        let [s0, s1, quants @ ..] = *block;
        let scale = _mm_cvtph_ps(_mm_cvtsi32_si128(i32::from_le_bytes([s0, s1, 0, 0])));
        let (halves, _) = quants.as_chunks::<16>();
        let (first, second) = (load_16(halves[0]), load_16(halves[1]));
        let mut part = _mm256_mul_ps(widen_signed(first), load_8(x[0]));
        part = _mm256_fmadd_ps(widen_signed(_mm_srli_si128::<8>(first)), load_8(x[1]), part);
        part = _mm256_fmadd_ps(widen_signed(second), load_8(x[2]), part);
        part = _mm256_fmadd_ps(widen_signed(_mm_srli_si128::<8>(second)), load_8(x[3]), part);
        total = _mm256_fmadd_ps(_mm256_broadcastss_ps(scale), part, total);
    }
    sum(total)
}

/// A vector's blocks of 32, each in four parts.
#[inline]
fn eights_in_blocks(x: &[f32]) -> &[[[f32; 8]; 4]] {
    x.as_chunks::<8>().0.as_chunks::<4>().0
}

/// `a · b`.
#[target_feature(enable = "avx2,fma")]
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut total = _mm256_setzero_ps();
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    for (a, b) in a.iter().zip(b) {
        total = _mm256_fmadd_ps(load_8(*a), load_8(*b), total);
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sum(total) + rest
}

/// All products of four rows with three vectors, `[vector][row]`. Twelve sums fill the registers, and each
/// number that is loaded is used three or four times.
#[target_feature(enable = "avx2,fma")]
pub(super) fn tile(rows: [&[f32]; 4], vectors: [&[f32]; 3]) -> [[f32; 4]; 3] {
    let rows = rows.map(|row| row.as_chunks::<8>().0);
    let vectors = vectors.map(|vector| vector.as_chunks::<8>().0);
    let steps = vectors[0].len();
    assert!(rows.iter().all(|row| row.len() == steps) && vectors.iter().all(|vector| vector.len() == steps));
    let mut sums = [[_mm256_setzero_ps(); 4]; 3];
    for step in 0..steps {
        let x = [load_8(vectors[0][step]), load_8(vectors[1][step]), load_8(vectors[2][step])];
        for row in 0..4 {
            let weights = load_8(rows[row][step]);
            for vector in 0..3 {
                sums[vector][row] = _mm256_fmadd_ps(weights, x[vector], sums[vector][row]);
            }
        }
    }
    sums.map(|[a, b, c, d]| {
        let pairs = _mm256_hadd_ps(_mm256_hadd_ps(a, b), _mm256_hadd_ps(c, d));
        let four = _mm_add_ps(_mm256_castps256_ps128(pairs), _mm256_extractf128_ps::<1>(pairs));
        // SAFETY: both are four 32-bit numbers.
        #[expect(unsafe_code, reason = "a vector register becomes an array")]
        unsafe {
            std::mem::transmute::<__m128, [f32; 4]>(four)
        }
    })
}

#[target_feature(enable = "avx2,fma")]
pub(super) fn add_scaled(out: &mut [f32], factor: f32, x: &[f32]) {
    portable::add_scaled(out, factor, x);
}

#[target_feature(enable = "avx2,fma")]
pub(super) fn softmax(scores: &mut [f32]) {
    portable::softmax(scores);
}

#[target_feature(enable = "avx2,fma")]
pub(super) fn swiglu(gate: &mut [f32], up: &[f32]) {
    portable::swiglu(gate, up);
}

#[target_feature(enable = "avx2,fma")]
pub(super) fn gelu(numbers: &mut [f32]) {
    portable::gelu(numbers);
}

#[target_feature(enable = "avx2,fma")]
pub(super) fn layer_norm(x: &mut [f32], weight: &[f32], bias: &[f32], epsilon: f32) {
    portable::layer_norm(x, weight, bias, epsilon);
}

#[target_feature(enable = "avx2,fma")]
pub(super) fn rms_norm(x: &[f32], weight: &[f32], epsilon: f32, out: &mut [f32]) {
    portable::rms_norm(x, weight, epsilon, out);
}

#[target_feature(enable = "avx2,fma")]
pub(super) fn widen_q4_1(row: &[u8], out: &mut [f32]) {
    portable::widen_q4_1(row, out);
}

#[target_feature(enable = "avx2,fma")]
pub(super) fn widen_q8_0(row: &[u8], out: &mut [f32]) {
    portable::widen_q8_0(row, out);
}

/// Loads by value: the pointer loads of `std::arch` cost a call and checks wherever debug assertions are on.
#[inline]
#[target_feature(enable = "avx2")]
fn load_8(numbers: [f32; 8]) -> __m256 {
    // SAFETY: both are eight 32-bit numbers, and every bit pattern is one.
    #[expect(unsafe_code, reason = "an array becomes a vector register")]
    unsafe {
        std::mem::transmute(numbers)
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load_16(bytes: [u8; 16]) -> __m128i {
    // SAFETY: both are sixteen bytes, and every bit pattern is allowed.
    #[expect(unsafe_code, reason = "an array becomes a vector register")]
    unsafe {
        std::mem::transmute(bytes)
    }
}

/// The low eight bytes as numbers.
#[inline]
#[target_feature(enable = "avx2")]
fn widen_unsigned(bytes: __m128i) -> __m256 {
    _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes))
}

#[inline]
#[target_feature(enable = "avx2")]
fn widen_signed(bytes: __m128i) -> __m256 {
    _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes))
}

#[inline]
#[target_feature(enable = "avx2")]
fn sum(lanes: __m256) -> f32 {
    let four = _mm_add_ps(_mm256_castps256_ps128(lanes), _mm256_extractf128_ps::<1>(lanes));
    let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
}
