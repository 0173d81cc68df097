//! Sentences per second through MiniLM, one at a time and 32 together, beside onnxruntime.

use std::collections::HashMap;
use std::time::Instant;

use anyhow::Context;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Bench;
use crate::report::Report;
use crate::service::Service;

pub(crate) const MODEL: &str = "all-minilm-l6-v2";
const BATCHES: [usize; 2] = [1, 32];

#[derive(Deserialize)]
struct Peer {
    name: String,
    rates: HashMap<usize, f64>,
    vectors: Vec<Vec<f64>>,
}

/// The peer goes first; then the same sentences in the same order go over the API.
pub(crate) async fn measure(bench: &Bench<'_>, service: &Service, report: &mut Report) -> anyhow::Result<()> {
    let sentences: Vec<&str> = include_str!("../sentences.txt").lines().collect();
    let question = json!({"model": bench.arguments.models.join(MODEL), "sentences": sentences,
        "seconds": bench.duration.as_secs(), "threads": bench.threads});
    let peer: Peer = crate::peer::ask(&bench.arguments.python, "onnxruntime_embeddings.py", &question)?;
    for batch in BATCHES {
        let rate = rate(bench, service, &sentences, batch).await?;
        let row = report.add(&format!("embeddings, batch {batch}"), rate, "sentences/s");
        row.peer(&peer.name, *peer.rates.get(&batch).context("the peer left a batch out")?);
    }
    let mut lowest = f64::INFINITY;
    for (sentences, vectors) in sentences.chunks(32).zip(peer.vectors.chunks(32)) {
        for (own, other) in vectors_of(&embed(service, sentences).await?)?.iter().zip(vectors) {
            lowest = lowest.min(cosine(own, other));
        }
    }
    report.add("embeddings, lowest cosine to the peer's", lowest, "").aim("above 0.9999");
    Ok(())
}

async fn rate(bench: &Bench<'_>, service: &Service, sentences: &[&str], batch: usize) -> anyhow::Result<f64> {
    let mut turning = sentences.iter().copied().cycle();
    let mut done = 0;
    let begin = Instant::now();
    while begin.elapsed() < bench.duration {
        let together: Vec<&str> = turning.by_ref().take(batch).collect();
        embed(service, &together).await?;
        done += batch;
    }
    Ok(done as f64 / begin.elapsed().as_secs_f64())
}

async fn embed(service: &Service, sentences: &[&str]) -> anyhow::Result<Value> {
    service.json("POST", "/v1/embeddings", &json!({"model": MODEL, "input": sentences})).await
}

fn vectors_of(answer: &Value) -> anyhow::Result<Vec<Vec<f64>>> {
    let items = answer["data"].as_array().context("the answer has no data")?;
    items.iter().map(|item| Ok(serde_json::from_value(item["embedding"].clone())?)).collect()
}

fn cosine(left: &[f64], right: &[f64]) -> f64 {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    dot(left, right) / (dot(left, left) * dot(right, right)).sqrt()
}
