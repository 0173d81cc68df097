//! Measures both models: `cargo run -p appliance-inference --example speed -- FOLDER`, the folder being what
//! `dev-tools/fetch/models` prints.
#![expect(clippy::print_stdout, reason = "it prints figures")]

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use appliance_core::event::{DomainEvent, EventSink};
use appliance_core::inference::{ChatMessage, ChatModel, ChatRequest, Embedder, InferenceError, Role};
use appliance_inference::{MiniLmEmbedder, SmolLm2Chat};

struct Nobody;

impl EventSink for Nobody {
    fn publish(&self, _: DomainEvent) {}
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("which folder?")?);
    chat(&SmolLm2Chat::new(folder.join("smollm2-135m-instruct"), Arc::new(Nobody)))?;
    embed(&MiniLmEmbedder::new(folder.join("all-minilm-l6-v2"), Arc::new(Nobody)))?;
    Ok(())
}

fn chat(model: &SmolLm2Chat) -> Result<(), InferenceError> {
    let request = |words: usize, tokens: u32| ChatRequest {
        messages: vec![ChatMessage { role: Role::User, content: "tell me a long story ".repeat(words / 5) }],
        temperature: 0.0,
        top_p: 1.0,
        seed: None,
        stop: vec![],
        max_tokens: Some(tokens),
    };
    let start = Instant::now();
    model.answer(request(5, 1), &mut |_| ControlFlow::Continue(()))?;
    println!("loaded after {:?}", start.elapsed());
    for _ in 0..4 {
        let start = Instant::now();
        let mut first = None;
        let outcome = model.answer(request(370, 129), &mut |text| {
            if !text.is_empty() {
                first.get_or_insert_with(|| start.elapsed());
            }
            ControlFlow::Continue(())
        })?;
        let first = first.unwrap_or_default();
        let decode = (start.elapsed() - first).as_secs_f64();
        println!(
            "{} tokens read, {:.1} tokens/s; {} written, {:.1} tokens/s",
            outcome.prompt_tokens,
            f64::from(outcome.prompt_tokens) / first.as_secs_f64(),
            outcome.completion_tokens,
            f64::from(outcome.completion_tokens.saturating_sub(1)) / decode,
        );
    }
    Ok(())
}

fn embed(model: &MiniLmEmbedder) -> Result<(), InferenceError> {
    let sentence = |index: usize| format!("Sentence number {index} is about as long as people write them.");
    model.embed(vec![sentence(0)])?;
    for (batch, rounds) in [(1, 100), (32, 10), (1, 100), (32, 10)] {
        let start = Instant::now();
        for _ in 0..rounds {
            model.embed((0..batch).map(sentence).collect())?;
        }
        println!("batch {batch}: {:.1} sentences/s", (batch * rounds) as f64 / start.elapsed().as_secs_f64());
    }
    Ok(())
}
