//! Randomness, as the rules of the box are given it.

/// The system gives no randomness.
#[derive(Debug, thiserror::Error)]
#[error("the system gives no randomness")]
pub struct EntropyError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Gives random bytes fit for secrets.
pub trait Entropy: Send + Sync {
    /// Fills the whole slice.
    ///
    /// # Errors
    /// When the system gives none; the slice is not to be used then.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError>;
}

/// The system's own randomness (`getrandom(2)`).
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        getrandom::fill(bytes).map_err(|error| EntropyError(error.to_string().into()))
    }
}
