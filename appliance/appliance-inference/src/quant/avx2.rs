//! The kernels for processors with AVX2, FMA and F16C (Intel since 2013, AMD since 2015).

use std::arch::x86_64::*;

use super::portable::{self, Q4_1_BYTES, Q8_0_BYTES};

/// `row · x`; `sums` are the sums of `x`'s blocks.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn dot_q4_1(row: &[u8], x: &[f32], sums: &[f32]) -> f32 {
    let nibble = _mm_set1_epi8(15);
    let mut total = _mm256_setzero_ps();
    let mut minima = _mm_setzero_ps();
    let blocks = row.as_chunks::<Q4_1_BYTES>().0.iter().zip(x.as_chunks::<32>().0).zip(sums);
    for ((block, x), sum) in blocks {
        let [s0, s1, m0, m1, ..] = *block;
        // Lane 0: the scale, lane 1: the minimum.
        let scales = _mm_cvtph_ps(_mm_cvtsi32_si128(i32::from_le_bytes([s0, s1, m0, m1])));
        minima = _mm_fmadd_ps(scales, _mm_set1_ps(*sum), minima);
        let quants = load_16(&block[4..]);
        let low = _mm_and_si128(quants, nibble);
        let high = _mm_and_si128(_mm_srli_epi16::<4>(quants), nibble);
        let mut part = _mm256_mul_ps(widen_unsigned(low), load_8(&x[..8]));
        part = _mm256_fmadd_ps(widen_unsigned(_mm_srli_si128::<8>(low)), load_8(&x[8..16]), part);
        part = _mm256_fmadd_ps(widen_unsigned(high), load_8(&x[16..24]), part);
        part = _mm256_fmadd_ps(widen_unsigned(_mm_srli_si128::<8>(high)), load_8(&x[24..]), part);
        total = _mm256_fmadd_ps(_mm256_broadcastss_ps(scales), part, total);
    }
    sum(total) + _mm_cvtss_f32(_mm_movehdup_ps(minima))
}

/// `row · x`.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn dot_q8_0(row: &[u8], x: &[f32]) -> f32 {
    let mut total = _mm256_setzero_ps();
    for (block, x) in row.as_chunks::<Q8_0_BYTES>().0.iter().zip(x.as_chunks::<32>().0) {
        let scale = _mm_cvtph_ps(_mm_cvtsi32_si128(i32::from_le_bytes([block[0], block[1], 0, 0])));
        let (first, second) = (load_16(&block[2..18]), load_16(&block[18..]));
        let mut part = _mm256_mul_ps(widen_signed(first), load_8(&x[..8]));
        part = _mm256_fmadd_ps(widen_signed(_mm_srli_si128::<8>(first)), load_8(&x[8..16]), part);
        part = _mm256_fmadd_ps(widen_signed(second), load_8(&x[16..24]), part);
        part = _mm256_fmadd_ps(widen_signed(_mm_srli_si128::<8>(second)), load_8(&x[24..]), part);
        total = _mm256_fmadd_ps(_mm256_broadcastss_ps(scale), part, total);
    }
    sum(total)
}

/// `a · b`.
#[target_feature(enable = "avx2,fma")]
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut totals = [_mm256_setzero_ps(); 2];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<16>(), b.as_chunks::<16>());
    for (a, b) in a.iter().zip(b) {
        totals[0] = _mm256_fmadd_ps(load_8(&a[..8]), load_8(&b[..8]), totals[0]);
        totals[1] = _mm256_fmadd_ps(load_8(&a[8..]), load_8(&b[8..]), totals[1]);
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sum(_mm256_add_ps(totals[0], totals[1])) + rest
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
        let x = [load_8(&vectors[0][step]), load_8(&vectors[1][step]), load_8(&vectors[2][step])];
        for row in 0..4 {
            let weights = load_8(&rows[row][step]);
            for vector in 0..3 {
                sums[vector][row] = _mm256_fmadd_ps(weights, x[vector], sums[vector][row]);
            }
        }
    }
    sums.map(|[a, b, c, d]| {
        let pairs = _mm256_hadd_ps(_mm256_hadd_ps(a, b), _mm256_hadd_ps(c, d));
        let four = _mm_add_ps(_mm256_castps256_ps128(pairs), _mm256_extractf128_ps::<1>(pairs));
        let mut out = [0.0; 4];
        // SAFETY: the array has room for four numbers, and the store needs no alignment.
        #[expect(unsafe_code, reason = "a vector store goes through a pointer")]
        unsafe {
            _mm_storeu_ps(out.as_mut_ptr(), four);
        }
        out
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

#[inline]
#[target_feature(enable = "avx2")]
fn load_8(numbers: &[f32]) -> __m256 {
    assert!(numbers.len() >= 8);
    // SAFETY: the slice has at least eight numbers, and the load needs no alignment.
    #[expect(unsafe_code, reason = "a vector load goes through a pointer")]
    unsafe {
        _mm256_loadu_ps(numbers.as_ptr())
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load_16(bytes: &[u8]) -> __m128i {
    assert!(bytes.len() >= 16);
    // SAFETY: the slice has at least sixteen bytes, and the load needs no alignment.
    #[expect(unsafe_code, reason = "a vector load goes through a pointer")]
    unsafe {
        _mm_loadu_si128(bytes.as_ptr().cast())
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
