//! hal-tpm
