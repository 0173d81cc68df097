//! Sentence vectors with all-MiniLM-L6-v2.
//!
//! # Design
//!
//! - A BERT encoder, the mean of the states of all tokens, length 1: as the original's
//!   `sentence-transformers` pipeline.
//! - The texts of a batch are computed together, without padding.
//!
//! # Limits
//!
//! - 256 tokens a text, special ones included: the original's `max_seq_length`. The original cuts what is
//!   longer; here it is an error.

mod bert;
mod encoder;
mod weights;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Sender, channel};

use appliance_core::event::EventSink;
use appliance_core::inference::{Embedder, Embeddings, InferenceError, ModelInfo, ModelKind, ModelState};

use crate::engine::{Engine, LoadError, Plan, Runner};

use encoder::SentenceEncoder;

/// Requests that may wait.
const QUEUE: usize = 64;

/// all-MiniLM-L6-v2 on the processor.
///
/// # Examples
/// ```no_run
/// # use std::sync::Arc;
/// # use appliance_core::{event::{DomainEvent, EventSink}, inference::{Embedder, InferenceError}};
/// # struct Nobody;
/// # impl EventSink for Nobody { fn publish(&self, _: DomainEvent) {} }
/// let embedder = appliance_inference::MiniLmEmbedder::new("models/all-minilm-l6-v2", Arc::new(Nobody));
/// let embeddings = embedder.embed(vec!["A plug-in box.".into()])?;
/// assert_eq!(embeddings.vectors[0].len(), 384);
/// # Ok::<(), InferenceError>(())
/// ```
pub struct MiniLmEmbedder {
    engine: Engine<SentenceEncoder>,
}

impl MiniLmEmbedder {
    /// A model whose files are in `folder`. Returns at once; the model is loaded by the first request, and
    /// `events` hears of it. Dropping it ends the request under way.
    pub fn new(folder: impl Into<PathBuf>, events: Arc<dyn EventSink>) -> Self {
        let info = ModelInfo {
            id: "all-minilm-l6-v2".into(),
            kind: ModelKind::Embedding,
            state: ModelState::Absent,
            size_bytes: 0,
            parameters: 22_713_216,
            quantization: "F32".into(),
            context_tokens: encoder::CONTEXT,
            dimensions: Some(encoder::DIMENSIONS),
            license: "Apache-2.0".into(),
            device: "cpu".into(),
        };
        let plan = Plan { info, folder: folder.into(), files: &encoder::FILES, queue: QUEUE };
        Self { engine: Engine::start(plan, events) }
    }

    /// Ends the request under way and refuses all others from now on; for an orderly shutdown while
    /// requests still run. Returns at once.
    pub fn stop(&self) {
        self.engine.stop();
    }
}

impl Embedder for MiniLmEmbedder {
    fn model(&self) -> ModelInfo {
        self.engine.model()
    }

    fn embed(&self, texts: Vec<String>) -> Result<Embeddings, InferenceError> {
        let (result, answer) = channel();
        self.engine.submit(Job { texts, result })?;
        answer.recv().unwrap_or_else(|_| {
            let source = "the engine gave the texts up".into();
            Err(InferenceError::Compute { source })
        })
    }
}

/// Texts to be embedded.
pub(crate) struct Job {
    texts: Vec<String>,
    result: Sender<Result<Embeddings, InferenceError>>,
}

impl Runner for SentenceEncoder {
    type Job = Job;

    fn load(folder: &Path, _: &mut ModelInfo) -> Result<Self, LoadError> {
        Self::read(folder).map_err(LoadError)
    }

    fn serve(&mut self, job: Job, stop: &AtomicBool) {
        // A caller who no longer waits misses nothing.
        let _ = job.result.send(self.encode(job.texts, stop));
    }

    fn refuse(job: Job, error: InferenceError) {
        let _ = job.result.send(Err(error));
    }
}
