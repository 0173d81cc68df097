//! The models that the box runs on its processor, behind the ports of [`appliance_core::inference`].
//!
//! # Design
//!
//! - [`MiniLmEmbedder`]: sentence vectors with all-MiniLM-L6-v2. `minilm` reads its safetensors file and is
//!   its BERT encoder.
//! - [`SmolLm2Chat`]: conversations with SmolLM2-135M-Instruct. `gguf` reads its file, `llama` is the network,
//!   `chat` turns conversations into tokens and tokens into text.
//! - Both networks compute with `linear`, whose kernels are this crate's own: candle 0.11 computes Q4_1
//!   weights without vector instructions (10 tokens a second), copies every weight matrix for a single short
//!   text, and spins while it waits.
//! - `engine` owns each model in one thread with a bounded queue; callers wait for it. A model is loaded
//!   at the first request, and computes on a pool of one thread a core.
//!
//! # Limits
//!
//! - One request a model at a time, in the order of arrival; 16 conversations or 64 embedding requests
//!   may wait, more are `Busy`.
//! - Memory: MiniLM about 100 MB, SmolLM2 about 120 MB and 46 KB a token of the conversation under way
//!   (377 MB for all 8,192).

mod chat;
mod engine;
mod gguf;
mod linear;
mod llama;
mod minilm;

pub use chat::SmolLm2Chat;
pub use minilm::MiniLmEmbedder;
