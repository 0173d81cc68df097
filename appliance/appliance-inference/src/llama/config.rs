//! The dimensions of a llama network.

use crate::gguf::{GgufError, Metadata};

/// The dimensions, checked against each other.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) layers: usize,
    /// Numbers that describe a token between layers.
    pub(crate) width: usize,
    /// Numbers inside a layer's second half.
    pub(crate) inner: usize,
    pub(crate) heads: usize,
    /// Several query heads share one of these.
    pub(crate) key_heads: usize,
    pub(crate) vocabulary: usize,
    /// The most tokens of a conversation, the answer included.
    pub(crate) context: usize,
    pub(crate) rotary_base: f32,
    pub(crate) epsilon: f32,
}

impl Config {
    pub(crate) fn from_metadata(metadata: &Metadata) -> Result<Self, GgufError> {
        let architecture = metadata.text("general.architecture")?;
        if architecture != "llama" {
            return Err(GgufError::Damaged(format!("architecture `{architecture}`; only llama can be run")));
        }
        let number = |key: &str| metadata.u32(&format!("llama.{key}")).map(|number| number as usize);
        let config = Self {
            layers: number("block_count")?,
            width: number("embedding_length")?,
            inner: number("feed_forward_length")?,
            heads: number("attention.head_count")?,
            key_heads: number("attention.head_count_kv")?,
            vocabulary: number("vocab_size")?,
            context: number("context_length")?,
            rotary_base: metadata.f32("llama.rope.freq_base")?,
            epsilon: metadata.f32("llama.attention.layer_norm_rms_epsilon")?,
        };
        match config.problem() {
            None if number("rope.dimension_count")? == config.head() => Ok(config),
            None => Err(GgufError::Damaged("rotary positions on a part of each head".into())),
            Some(problem) => Err(GgufError::Damaged(problem.into())),
        }
    }

    /// Length of one head's vectors.
    pub(crate) fn head(&self) -> usize {
        self.width / self.heads
    }

    /// Length of all keys of a token, and of all values.
    pub(crate) fn key_width(&self) -> usize {
        self.key_heads * self.head()
    }

    /// Query heads that share a key head.
    pub(crate) fn group(&self) -> usize {
        self.heads / self.key_heads
    }

    /// The limits keep every buffer below some hundred megabytes, whatever the file says.
    fn problem(&self) -> Option<&'static str> {
        let within = |number: usize, most: usize| (1..=most).contains(&number);
        let bounded = within(self.layers, 256)
            && within(self.width, 16_384)
            && within(self.inner, 65_536)
            && within(self.heads, 256)
            && within(self.key_heads, self.heads)
            && within(self.vocabulary, 1 << 20)
            && within(self.context, 1 << 20);
        if !bounded {
            return Some("its dimensions are not those of a model of this size");
        }
        let divides = self.width.is_multiple_of(self.heads)
            && self.heads.is_multiple_of(self.key_heads)
            && self.head().is_multiple_of(8)
            && self.width.is_multiple_of(32)
            && self.inner.is_multiple_of(32);
        (!divides).then_some("its dimensions do not fit together")
    }
}
