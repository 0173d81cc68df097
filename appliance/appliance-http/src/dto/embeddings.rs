//! Embeddings, as OpenAI's clients ask for them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::text::Texts;
use super::word;
use crate::extract::RequestBody;
use crate::problem::Slug;

/// Texts to turn into vectors.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EmbeddingRequest {
    #[schema(example = "all-minilm-l6-v2")]
    pub(crate) model: String,
    /// One text, or 1 to 256 of them; none may be empty.
    pub(crate) input: Texts,
    /// `float` when absent.
    #[serde(default, deserialize_with = "word::optional")]
    pub(crate) encoding_format: Option<EncodingFormat>,
    /// Has to be the model's own number.
    #[serde(default)]
    pub(crate) dimensions: Option<u32>,
    /// Taken, and not used.
    #[serde(default)]
    #[expect(dead_code, reason = "it may be there, and means nothing to a box")]
    pub(crate) user: Option<String>,
}

impl RequestBody for EmbeddingRequest {
    const LIMIT: usize = 4 << 20;
    const UNKNOWN_FIELD: Slug = Slug::Unsupported;
}

/// How vectors are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EncodingFormat {
    /// A list of numbers.
    Float,
    /// Base64 of little-endian 32-bit floats.
    Base64,
}

/// A vector.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Vector {
    /// A list of numbers.
    Float(Vec<f32>),
    /// Base64 of little-endian 32-bit floats.
    Base64(String),
}

/// The vector of one text.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Embedding {
    /// Always `embedding`.
    pub(crate) object: &'static str,
    /// The text's place in the request.
    pub(crate) index: usize,
    pub(crate) embedding: Vector,
}

/// Tokens that were read.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EmbeddingUsage {
    pub(crate) prompt_tokens: u32,
    pub(crate) total_tokens: u32,
}

/// The vectors of a request's texts, in order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EmbeddingResponse {
    /// Always `list`.
    pub(crate) object: &'static str,
    pub(crate) data: Vec<Embedding>,
    pub(crate) model: String,
    pub(crate) usage: EmbeddingUsage,
}
