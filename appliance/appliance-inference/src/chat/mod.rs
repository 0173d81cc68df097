//! Conversations with SmolLM2-135M-Instruct.
//!
//! # Design
//!
//! - A caller's thread hands its request to the engine and waits for pieces of text. It looks every
//!   [`PATIENCE`] whether it is still wanted, so that a caller who left is noticed while its request waits
//!   in the queue as well.
//! - The engine sends pieces over a channel without bound (an answer is at most one context long), so a
//!   slow reader never holds up the next conversation.
//!
//! # Limits
//!
//! - Nothing is kept from one request to the next: a conversation is read anew with each turn.

mod answer;
mod piece;
mod sampler;
mod stop;
mod template;
mod tokenizer;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use appliance_core::event::EventSink;
use appliance_core::inference::{
    ChatModel, ChatOutcome, ChatRequest, FinishReason, InferenceError, ModelInfo, ModelKind, ModelState,
};

use crate::engine::{Engine, LoadError, Plan, Runner};
use crate::gguf::{Encoding, GgufFile};

use answer::Answerer;

const FILE: &str = "SmolLM2-135M-Instruct.Q4_1.gguf";
/// Conversations that may wait.
const QUEUE: usize = 16;
/// How long a caller waits for news before it is asked whether it still wants the answer.
const PATIENCE: Duration = Duration::from_millis(100);

/// SmolLM2-135M-Instruct on the processor.
///
/// # Examples
/// ```no_run
/// # use std::{ops::ControlFlow, sync::Arc};
/// # use appliance_core::{event::{DomainEvent, EventSink}, inference::*};
/// # struct Nobody;
/// # impl EventSink for Nobody { fn publish(&self, _: DomainEvent) {} }
/// let chat = appliance_inference::SmolLm2Chat::new("models/smollm2-135m-instruct", Arc::new(Nobody));
/// let request = ChatRequest {
///     messages: vec![ChatMessage { role: Role::User, content: "Hello".into() }],
///     temperature: 0.0,
///     top_p: 1.0,
///     seed: None,
///     stop: vec![],
///     max_tokens: Some(50),
/// };
/// let mut answer = String::new();
/// chat.answer(request, &mut |text| {
///     answer.push_str(text);
///     ControlFlow::Continue(())
/// })?;
/// # Ok::<(), InferenceError>(())
/// ```
pub struct SmolLm2Chat {
    engine: Engine<Answerer>,
}

impl SmolLm2Chat {
    /// A model whose file is in `folder`. Returns at once; the model is loaded by the first request, and
    /// `events` hears of it. Dropping it cancels the answer under way.
    pub fn new(folder: impl Into<PathBuf>, events: Arc<dyn EventSink>) -> Self {
        let info = ModelInfo {
            id: "smollm2-135m-instruct".into(),
            kind: ModelKind::Chat,
            state: ModelState::Absent,
            size_bytes: 0,
            parameters: 134_515_008,
            quantization: "Q4_1".into(),
            context_tokens: 8192,
            dimensions: None,
            license: "Apache-2.0".into(),
            device: "cpu".into(),
        };
        let plan = Plan { info, folder: folder.into(), files: &[FILE], queue: QUEUE };
        Self { engine: Engine::start(plan, events) }
    }

    /// Cancels the answer under way and refuses all others from now on; for an orderly shutdown while
    /// requests still run. Returns at once.
    pub fn stop(&self) {
        self.engine.stop();
    }
}

impl ChatModel for SmolLm2Chat {
    fn model(&self) -> ModelInfo {
        self.engine.model()
    }

    fn answer(
        &self,
        request: ChatRequest,
        on_text: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<ChatOutcome, InferenceError> {
        let unwanted = Arc::new(AtomicBool::new(false));
        let (news, updates) = channel();
        self.engine.submit(Job { request, unwanted: unwanted.clone(), news })?;
        follow(&updates, &unwanted, on_text)
    }
}

/// A conversation to be answered.
pub(crate) struct Job {
    request: ChatRequest,
    /// Set by the caller who no longer waits.
    unwanted: Arc<AtomicBool>,
    news: Sender<Update>,
}

/// What the engine tells the caller.
enum Update {
    /// A piece of the answer; an empty one shows that the prompt is being read.
    Text(String),
    Done(Result<ChatOutcome, InferenceError>),
}

/// Passes the engine's news on until the answer ends.
fn follow(
    updates: &Receiver<Update>,
    unwanted: &AtomicBool,
    on_text: &mut dyn FnMut(&str) -> ControlFlow<()>,
) -> Result<ChatOutcome, InferenceError> {
    let mut started = false;
    loop {
        let text = match updates.recv_timeout(PATIENCE) {
            Ok(Update::Done(result)) => return result,
            Ok(Update::Text(text)) => {
                started = true;
                text
            }
            Err(RecvTimeoutError::Timeout) => String::new(),
            Err(RecvTimeoutError::Disconnected) => {
                let source = "the engine gave the answer up".into();
                return Err(InferenceError::Compute { source });
            }
        };
        if unwanted.load(Ordering::Relaxed) || on_text(&text).is_continue() {
            continue;
        }
        unwanted.store(true, Ordering::Relaxed);
        if !started {
            // It waits in the queue still, and will be skipped there.
            let finish = FinishReason::Cancelled;
            return Ok(ChatOutcome { finish, prompt_tokens: 0, completion_tokens: 0 });
        }
    }
}

impl Runner for Answerer {
    type Job = Job;

    fn load(folder: &Path, info: &mut ModelInfo) -> Result<Self, LoadError> {
        let refused = |problem: String| LoadError(format!("its file {FILE} cannot be used: {problem}"));
        let file = GgufFile::open(&folder.join(FILE)).map_err(|error| refused(error.to_string()))?;
        let answerer = Self::read(&file).map_err(refused)?;
        info.parameters = file.tensors().iter().filter_map(|tensor| tensor.weights()).sum();
        info.context_tokens = answerer.context();
        info.quantization = commonest(&file).to_string();
        Ok(answerer)
    }

    fn serve(&mut self, job: Job, stop: &AtomicBool) {
        let result = self.answer(&job, stop);
        // A caller who no longer listens misses nothing.
        let _ = job.news.send(Update::Done(result));
    }

    fn refuse(job: Job, error: InferenceError) {
        let _ = job.news.send(Update::Done(Err(error)));
    }
}

/// The encoding of most weights.
fn commonest(file: &GgufFile) -> Encoding {
    let mut counts = std::collections::HashMap::<_, u64>::new();
    for tensor in file.tensors() {
        *counts.entry(tensor.encoding).or_default() += tensor.weights().unwrap_or(0);
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map_or(Encoding::F32, |(encoding, _)| encoding)
}
