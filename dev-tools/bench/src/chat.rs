//! Tokens per second read (prefill) and written (decode), beside llama.cpp on the same file.
//!
//! The box is measured from outside: prefill is the prompt's tokens over the time to the first piece of
//! text, decode the tokens after the first over the time from the first piece to the last.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use http_body_util::BodyExt;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Bench;
use crate::report::Report;
use crate::service::Service;

pub(crate) const MODEL: &str = "smollm2-135m-instruct";
const FILE: &str = "smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf";
const DECODE: &str = "Write a long story about a lighthouse keeper who finds a message in a bottle.";
const DECODE_TOKENS: u64 = 128;
const RUNS: usize = 2;

#[derive(Deserialize)]
struct Peer {
    name: String,
    prefill: f64,
    decode: f64,
}

/// What one streamed answer took.
struct Streamed {
    prompt_tokens: u64,
    written_tokens: u64,
    to_first: Duration,
    first_to_last: Duration,
}

/// The better of two runs each, as the peer does.
pub(crate) async fn measure(bench: &Bench<'_>, service: &Service, report: &mut Report) -> anyhow::Result<()> {
    let prompts = long_prompts();
    let question = json!({"model": bench.arguments.models.join(FILE), "threads": bench.threads,
        "prefill": prompts, "decode": DECODE, "tokens": DECODE_TOKENS});
    let peer: Peer = crate::peer::ask(&bench.arguments.python, "llama_cpp_chat.py", &question)?;
    let mut prefill: f64 = 0.0;
    for prompt in &prompts {
        let run = stream(service, prompt, 1).await?;
        prefill = prefill.max(run.prompt_tokens as f64 / run.to_first.as_secs_f64());
    }
    let mut decode: f64 = 0.0;
    for _ in 0..RUNS {
        let run = stream(service, DECODE, DECODE_TOKENS).await?;
        ensure!(run.written_tokens > DECODE_TOKENS / 2, "the story ended after {}", run.written_tokens);
        decode = decode.max((run.written_tokens - 1) as f64 / run.first_to_last.as_secs_f64());
    }
    report.add("chat, prefill", prefill, "tokens/s").peer(&peer.name, peer.prefill);
    report.add("chat, decode", decode, "tokens/s").peer(&peer.name, peer.decode);
    Ok(())
}

/// Prompts of about 500 tokens that differ from the first word on, so that no cache helps.
fn long_prompts() -> Vec<String> {
    let text: Vec<&str> = include_str!("../sentences.txt").lines().collect();
    (0..RUNS).map(|run| format!("{run}. Sum up: {}", text.join(" "))).collect()
}

async fn stream(service: &Service, prompt: &str, tokens: u64) -> anyhow::Result<Streamed> {
    let question = json!({"model": MODEL, "temperature": 0, "max_tokens": tokens, "stream": true,
        "stream_options": {"include_usage": true}, "messages": [{"role": "user", "content": prompt}]});
    let mut connection = service.client.connect().await?;
    let authorization = service.authorization();
    let headers = [("authorization", authorization.as_str())];
    let begin = Instant::now();
    let answer =
        connection.send("POST", "/v1/chat/completions", &headers, question.to_string().into()).await?;
    ensure!(answer.status().is_success(), "the chat was refused with {}", answer.status());
    let mut body = answer.into_body();
    let (mut pending, mut first, mut last, mut usage) = (Vec::new(), None, None, Value::Null);
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        let now = begin.elapsed();
        pending.extend_from_slice(&data);
        while let Some(end) = pending.windows(2).position(|two| two == b"\n\n") {
            let event: Vec<u8> = pending.drain(..end + 2).collect();
            let Some(chunk) = event.strip_prefix(b"data: ") else { continue };
            let Ok(chunk) = serde_json::from_slice::<Value>(chunk) else { continue };
            let text = chunk["choices"][0]["delta"]["content"].as_str();
            if text.is_some_and(|text| !text.is_empty()) {
                first.get_or_insert(now);
                last = Some(now);
            }
            if chunk["usage"].is_object() {
                usage = chunk["usage"].clone();
            }
        }
    }
    let first = first.context("the answer is empty")?;
    Ok(Streamed {
        prompt_tokens: usage["prompt_tokens"].as_u64().context("no usage")?,
        written_tokens: usage["completion_tokens"].as_u64().context("no usage")?,
        to_first: first,
        first_to_last: last.context("the answer is empty")?.saturating_sub(first),
    })
}
