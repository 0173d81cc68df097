//! Products of matrices and vectors, and the other arithmetic of transformers.
//!
//! # Design
//!
//! - Quantised weights ([`QuantMatrix`]) stay as the file stores them (5 or 8.5 bits each) and are widened to
//!   32-bit floating point in registers, never rounded further; activations are 32-bit throughout. So the
//!   results equal those of the dequantised model up to the order of additions, and a token of SmolLM2 reads
//!   98 MB, not 540 MB.
//! - One vector ([`QuantMatrix::times_vector`], writing an answer) is bound by memory and by widening.
//! - Many vectors (`times_batch`, reading texts) are bound by arithmetic: four rows by three vectors at a
//!   time fill the registers (90 GFLOPS a core of an AMD EPYC at 2.6 GHz, where the crate `gemm` reaches 50).
//!   Rows of quantised weights are widened into the cache first, [`product::GROUP`] at a time.
//! - Own kernels are in `avx2`, and in `portable` for processors without it; `kernels` chooses.
//! - The work is split by rows over rayon's pool; a row's sum does not depend on the split, so a result does
//!   not depend on the number of threads.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod dense;
mod kernels;
mod portable;
mod product;
mod quantised;

pub(crate) use dense::DenseMatrix;
pub(crate) use kernels::{add_scaled, dot, gelu, layer_norm, rms_norm, softmax, swiglu};
pub(crate) use product::multiply_group;
pub(crate) use quantised::{QuantMatrix, Vector};
