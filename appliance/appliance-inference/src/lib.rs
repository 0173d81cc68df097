//! The models that the box runs on its processor, behind the ports of [`appliance_core::inference`].
//!
//! # Design
//!
//! - [`MiniLmEmbedder`]: sentence vectors with all-MiniLM-L6-v2, run by candle.
//! - [`SmolLm2Chat`]: conversations with SmolLM2-135M-Instruct, read from its GGUF file. candle 0.11
//!   computes Q4_1 weights without vector instructions (10 tokens a second), so the llama forward pass
//!   and its kernels are this crate's own: `gguf` reads the file, `linear` computes with its weights,
//!   `llama` is the network, `chat` turns conversations into tokens and tokens into text.
//! - `engine` owns each model in one thread with a bounded queue; callers wait for it. A model is loaded
//!   at the first request. Both models compute on rayon's shared pool, one thread a core.
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
