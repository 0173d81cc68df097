//! The embedder against the original's vectors.

use appliance_core::inference::{Embedder, InferenceError, ModelState};
use appliance_inference::MiniLmEmbedder;
use serde::Deserialize;

use super::{MODELS, recorder};

#[derive(Deserialize)]
struct Fixture {
    text: String,
    vector: Vec<f32>,
}

fn fixtures() -> Vec<Fixture> {
    serde_json::from_str(include_str!("../fixtures/embeddings.json")).unwrap()
}

fn embedder() -> MiniLmEmbedder {
    MiniLmEmbedder::new(MODELS.join("all-minilm-l6-v2"), recorder())
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot =
        |a: &[f32], b: &[f32]| -> f64 { a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum() };
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[test]
fn vectors_equal_the_originals_alone_and_in_a_batch() {
    let (embedder, fixtures) = (embedder(), fixtures());
    let batch = embedder.embed(fixtures.iter().map(|fixture| fixture.text.clone()).collect()).unwrap();
    let mut tokens = 0;
    for (fixture, in_batch) in fixtures.iter().zip(&batch.vectors) {
        let alone = embedder.embed(vec![fixture.text.clone()]).unwrap();
        tokens += alone.prompt_tokens;
        for vector in [&alone.vectors[0], in_batch] {
            let cosine = cosine(vector, &fixture.vector);
            assert!(cosine > 0.9999, "{:?}: {cosine}", fixture.text);
            let length: f32 = vector.iter().map(|number| number * number).sum();
            assert!((length - 1.0).abs() < 1e-5, "{:?}: {length}", fixture.text);
        }
    }
    assert_eq!(batch.prompt_tokens, tokens);
}

#[test]
fn loads_at_the_first_request_and_tells() {
    let events = recorder();
    let embedder = MiniLmEmbedder::new(MODELS.join("all-minilm-l6-v2"), events.clone());
    let before = embedder.model();
    assert_eq!(before.state, ModelState::OnDisk);
    assert!(before.size_bytes > 90_000_000);
    assert_eq!(events.states(), []);
    embedder.embed(vec!["hello".into()]).unwrap();
    assert_eq!(embedder.model().state, ModelState::Ready);
    assert_eq!(events.states(), [ModelState::Loading, ModelState::Ready]);
}

#[test]
fn text_longer_than_the_context_is_refused_and_named() {
    let embedder = embedder();
    // With [CLS] and [SEP]: 256 tokens.
    let longest = "box ".repeat(254);
    assert_eq!(embedder.embed(vec![longest.clone()]).unwrap().prompt_tokens, 256);
    let texts = vec!["short".into(), longest.clone(), longest + "box"];
    match embedder.embed(texts).unwrap_err() {
        InferenceError::TooLong { index: 2, tokens: 257, limit: 256 } => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn several_callers_get_their_own_vectors() {
    let (embedder, fixtures) = (embedder(), fixtures());
    std::thread::scope(|scope| {
        for fixture in &fixtures[..8] {
            scope.spawn(|| {
                let vector = &embedder.embed(vec![fixture.text.clone()]).unwrap().vectors[0];
                assert!(cosine(vector, &fixture.vector) > 0.9999);
            });
        }
    });
}

#[test]
fn stopped_embedder_refuses() {
    let embedder = embedder();
    embedder.stop();
    let error = embedder.embed(vec!["hello".into()]).unwrap_err();
    assert!(matches!(error, InferenceError::Unavailable { .. }), "{error:?}");
}
