//! Model files that are absent, damaged or malicious.

use std::fs;
use std::path::Path;

use appliance_core::inference::{ChatModel, Embedder, InferenceError, ModelState};
use appliance_inference::{MiniLmEmbedder, SmolLm2Chat};

use super::chat::{ask, request};
use super::{MODELS, recorder};

const GGUF: &str = "SmolLM2-135M-Instruct.Q4_1.gguf";

/// A GGUF header: version, counts, and what follows.
fn gguf(version: u32, tensors: u64, keys: u64, rest: &[&[u8]]) -> Vec<u8> {
    let mut bytes = b"GGUF".to_vec();
    bytes.extend(version.to_le_bytes());
    bytes.extend(tensors.to_le_bytes());
    bytes.extend(keys.to_le_bytes());
    bytes.extend(rest.concat());
    bytes
}

fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes(), text.as_bytes()].concat()
}

fn numbers(numbers: &[u64]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// Why the model cannot be used when its file is this.
fn reason(folder: &Path, file: &[u8]) -> String {
    fs::write(folder.join(GGUF), file).unwrap();
    let events = recorder();
    let model = SmolLm2Chat::new(folder, events.clone());
    let InferenceError::Unavailable { reason } = ask(&model, request("Hello", 1)).unwrap_err() else {
        panic!("it was used");
    };
    let failed = ModelState::Failed { reason: reason.clone() };
    assert_eq!(model.model().state, failed);
    assert_eq!(events.states(), [ModelState::Loading, failed]);
    reason
}

#[test]
fn malicious_headers_are_refused_without_harm() {
    let folder = tempfile::tempdir().unwrap();
    let huge = u64::MAX / 2;
    let (two, q4_1) = (2_u32.to_le_bytes(), 3_u32.to_le_bytes());
    let (list, string) = (9_u32.to_le_bytes(), 8_u32.to_le_bytes());
    let tensor = |dims: &[u64]| {
        gguf(3, 1, 0, &[&text("token_embd.weight"), &two, &numbers(dims), &q4_1, &numbers(&[0])])
    };
    let cases: [(Vec<u8>, &str); 12] = [
        (b"".to_vec(), "not a GGUF file"),
        (b"PK\x03\x04 something else".to_vec(), "not a GGUF file"),
        (gguf(9, 0, 0, &[]), "version 9"),
        (gguf(3, 0, 0, &[]), "`tokenizer.ggml.model` is missing"),
        (gguf(3, huge, 0, &[]), "the number of tensors is"),
        (gguf(3, 0, huge, &[]), "the number of metadata keys is"),
        (gguf(3, 0, 1, &[&numbers(&[huge])]), "ends in the middle of a metadata key"),
        (gguf(3, 0, 1, &[&text("key"), &list, &string, &numbers(&[huge])]), "key is"),
        (gguf(3, 0, 1, &[&text("key"), &list, &list, &numbers(&[1])]), "list of lists"),
        (tensor(&[1 << 40, 1 << 40]), "impossible dimensions"),
        (tensor(&[576, 49_152]), "ends in the middle of tensor"),
        (tensor(&[33, 1]), "rows of 33 weights"),
    ];
    for (file, expected) in cases {
        let reason = reason(folder.path(), &file);
        assert!(reason.contains(expected), "{reason:?} does not say {expected:?}");
    }
}

#[test]
fn incomplete_file_is_refused_and_the_whole_one_then_used() {
    let folder = tempfile::tempdir().unwrap();
    let whole = MODELS.join("smollm2-135m-instruct").join(GGUF);
    let bytes = fs::read(&whole).unwrap();
    for length in [1_000_000, 50_000_000] {
        let reason = reason(folder.path(), &bytes[..length]);
        assert!(reason.contains("ends in the middle of"), "{reason}");
    }
    let model = SmolLm2Chat::new(folder.path(), recorder());
    assert!(ask(&model, request("Hello", 1)).is_err());
    fs::remove_file(folder.path().join(GGUF)).unwrap();
    assert_eq!(model.model().state, ModelState::Absent);
    std::os::unix::fs::symlink(whole, folder.path().join(GGUF)).unwrap();
    assert_eq!(model.model().state, ModelState::OnDisk);
    assert_eq!(ask(&model, request("Hello", 1)).unwrap().1.completion_tokens, 1);
}

#[test]
fn weights_with_a_scale_that_is_no_number_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = fs::read(MODELS.join("smollm2-135m-instruct").join(GGUF)).unwrap();
    // The embedding comes first; 34 bytes a block, the scale's second byte holds the exponent.
    let data = 1_785_664;
    bytes[data + 34 * 1000 + 1] = 0x7c;
    let reason = reason(folder.path(), &bytes);
    assert!(reason.contains("token_embd.weight") && reason.contains("scale"), "{reason}");
}

#[test]
fn absent_models_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let events = recorder();
    let embedder = MiniLmEmbedder::new(folder.path(), events.clone());
    assert_eq!(embedder.model().state, ModelState::Absent);
    assert_eq!(embedder.model().size_bytes, 0);
    let error = embedder.embed(vec!["hello".into()]).unwrap_err().to_string();
    assert!(error.contains("files are not on this box"), "{error}");
    assert_eq!(events.states(), []);
}

#[test]
fn damaged_embedding_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let names = ["model.safetensors", "tokenizer.json", "config.json"];
    for damaged in names {
        for name in names {
            let whole = fs::read(MODELS.join("all-minilm-l6-v2").join(name)).unwrap();
            let kept = if name == damaged { whole.len() / 2 } else { whole.len() };
            fs::write(folder.path().join(name), &whole[..kept]).unwrap();
        }
        let embedder = MiniLmEmbedder::new(folder.path(), recorder());
        let error = embedder.embed(vec!["hello".into()]).unwrap_err().to_string();
        assert!(error.contains(damaged), "{error}");
        assert!(matches!(embedder.model().state, ModelState::Failed { .. }));
    }
}
