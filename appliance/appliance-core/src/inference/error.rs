//! Why a model did not answer.

/// Why a model did not answer.
#[derive(Debug, thiserror::Error)]
pub enum InferenceError {
    /// The request has more tokens than the model can read at once.
    #[error("the input has {tokens} tokens, and the model reads at most {limit}")]
    TooLong {
        /// Index of the text in the batch; 0 for a conversation.
        index: usize,
        /// Tokens of the input.
        tokens: u32,
        /// The model's limit.
        limit: u32,
    },
    /// The conversation does not fit the model's chat template.
    #[error("the conversation does not fit the model: {reason}")]
    Template {
        /// What the template says.
        reason: String,
    },
    /// Too many requests wait already.
    #[error("{waiting} requests are waiting already")]
    Busy {
        /// How many.
        waiting: usize,
    },
    /// The model cannot be used.
    #[error("the model cannot be used: {reason}")]
    Unavailable {
        /// Why, and what to do about it, in plain words.
        reason: String,
    },
    /// The computation failed.
    #[error("the model failed while computing")]
    Compute {
        /// What the engine said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
