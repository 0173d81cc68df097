//! What a model's failures are to a client.

use appliance_core::inference::InferenceError;

use super::{Problem, Slug};

impl Problem {
    /// A model's failure; `field` names the input that the model was given, by its index in a batch.
    pub(crate) fn inference(error: &InferenceError, field: impl Fn(usize) -> String) -> Self {
        match error {
            InferenceError::TooLong { index, tokens, limit } => {
                let field = field(*index);
                let reason = format!("has {tokens} tokens, and the model reads at most {limit}");
                Self::new(Slug::ContextLengthExceeded, format!("`{field}` {reason}."))
                    .with_error(field, reason)
                    .with_code("context_length_exceeded")
            }
            InferenceError::Template { reason } => {
                Self::field(field(0), format!("does not fit the model's chat template: {reason}"))
            }
            InferenceError::Busy { waiting } => {
                Self::new(Slug::Busy, format!("{waiting} requests wait for the model already."))
                    .with_retry_after(1)
            }
            InferenceError::Unavailable { reason } => {
                Self::new(Slug::Unavailable, format!("The model cannot be used: {reason}"))
                    .with_retry_after(10)
            }
            InferenceError::Compute { .. } => Self::internal("run a model", error),
        }
    }
}
