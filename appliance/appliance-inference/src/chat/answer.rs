//! From a conversation to an answer: reads the prompt, draws tokens, hands out text.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use appliance_core::inference::{ChatOutcome, FinishReason, InferenceError};

use rayon::ThreadPool;

use super::piece::TextStream;
use super::sampler::Sampler;
use super::stop::StopFilter;
use super::template::Template;
use super::tokenizer::ChatTokenizer;
use super::{Job, Update};
use crate::engine::thread_pool;
use crate::gguf::GgufFile;
use crate::llama::{CHUNK, Llama};

/// A chat model in memory.
pub(crate) struct Answerer {
    llama: Llama,
    tokenizer: ChatTokenizer,
    template: Template,
    pool: Arc<ThreadPool>,
}

impl Answerer {
    /// Reads it from its file. The error is why it cannot be used.
    pub(super) fn read(file: &GgufFile) -> Result<Self, String> {
        let say = |error: &dyn std::fmt::Display| error.to_string();
        let tokenizer = ChatTokenizer::read(&file.metadata)?;
        let source = file.metadata.text("tokenizer.chat_template").map_err(|error| say(&error))?;
        let template = Template::new(source)?;
        let llama = Llama::load(file).map_err(|error| say(&error))?;
        if tokenizer.vocabulary() != llama.config().vocabulary {
            return Err("its vocabulary and its weights differ in size".into());
        }
        let pool = thread_pool().map_err(|error| say(&error))?;
        Ok(Self { llama, tokenizer, template, pool: Arc::new(pool) })
    }

    /// The most tokens of a conversation, its answer included.
    pub(super) fn context(&self) -> u32 {
        self.llama.config().context as u32
    }

    /// Answers a conversation.
    pub(super) fn answer(&mut self, job: &Job, stop: &AtomicBool) -> Result<ChatOutcome, InferenceError> {
        // All of it runs on a thread of the pool, so that the many small parallel steps need no hand-over.
        let outcome = self.pool.clone().install(|| self.compute(job, stop));
        self.llama.clear();
        outcome
    }

    fn compute(&mut self, job: &Job, stop: &AtomicBool) -> Result<ChatOutcome, InferenceError> {
        let gone = || job.unwanted.load(Ordering::Relaxed) || stop.load(Ordering::Relaxed);
        let mut outcome =
            ChatOutcome { finish: FinishReason::Cancelled, prompt_tokens: 0, completion_tokens: 0 };
        if gone() {
            return Ok(outcome);
        }
        let request = &job.request;
        let prompt = self.tokenizer.encode(&self.template.render(&request.messages)?)?;
        outcome.prompt_tokens = prompt.len() as u32;
        let limit = self.room(prompt.len(), request.max_tokens)?;
        let mut sampler = Sampler::new(request.temperature, request.top_p, request.seed);
        let mut text = TextStream::new(StopFilter::new(&request.stop));
        for chunk in prompt.chunks(CHUNK) {
            let asked = job.news.send(Update::Text(String::new()));
            if asked.is_err() || gone() {
                return Ok(outcome);
            }
            self.llama.read(chunk);
        }
        outcome.finish = loop {
            if outcome.completion_tokens == limit {
                break FinishReason::Length;
            }
            let token = sampler.pick(self.llama.scores())?;
            if self.tokenizer.ends_turn(token) {
                break FinishReason::Stop;
            }
            outcome.completion_tokens += 1;
            let piece = text.push(self.tokenizer.bytes(token));
            if (!piece.is_empty() && job.news.send(Update::Text(piece)).is_err()) || gone() {
                break FinishReason::Cancelled;
            }
            if text.stopped() {
                break FinishReason::Stop;
            }
            if outcome.completion_tokens < limit {
                self.llama.next(token);
            }
        };
        let rest = text.finish();
        if outcome.finish != FinishReason::Cancelled && !rest.is_empty() {
            let _ = job.news.send(Update::Text(rest));
        }
        Ok(outcome)
    }

    /// The most tokens that the answer to a prompt of this length may have.
    fn room(&self, prompt: usize, asked: Option<u32>) -> Result<u32, InferenceError> {
        let tokens = u32::try_from(prompt).unwrap_or(u32::MAX);
        // One token at least is left for the answer.
        let limit = self.context() - 1;
        if tokens > limit {
            return Err(InferenceError::TooLong { index: 0, tokens, limit });
        }
        Ok(asked.unwrap_or(u32::MAX).min(self.context() - tokens))
    }
}
