//! The models, through the OpenAI-compatible API.

use serde_json::{Value, json};

use crate::boxed::{Box, models};

fn with_models() -> Box {
    Box::start(&["--models-dir", models().to_str().unwrap()]).claimed()
}

#[test]
fn both_models_are_listed_loaded_on_use_and_answer() {
    let owned = with_models();
    let ids: Vec<Value> =
        owned.get("/v1/models")["data"].as_array().unwrap().iter().map(|m| m["id"].clone()).collect();
    assert_eq!(ids, ["all-minilm-l6-v2", "smollm2-135m-instruct"]);
    let states = |wanted: &str| {
        let models = owned.get("/api/v1/ml/models");
        models["items"].as_array().unwrap().iter().all(|m| m["state"]["state"] == wanted)
    };
    assert!(states("on_disk"), "nothing is loaded before it is asked for");

    let texts =
        json!({"model": "all-minilm-l6-v2", "input": ["a cat on a mat", "a kitten on a rug", "tax law"]});
    let answer = owned.post("/v1/embeddings", &texts, 200);
    let vector = |n: usize| -> Vec<f64> {
        answer["data"][n]["embedding"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
    };
    let dot = |a: Vec<f64>, b: Vec<f64>| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    assert_eq!(vector(0).len(), 384);
    assert!(dot(vector(0), vector(1)) > dot(vector(0), vector(2)) + 0.2, "like texts are near each other");

    let chat = json!({
        "model": "smollm2-135m-instruct", "temperature": 0, "max_tokens": 16,
        "messages": [{"role": "user", "content": "What is the capital of France?"}],
    });
    let answer = owned.post("/v1/chat/completions", &chat, 200);
    let said = answer["choices"][0]["message"]["content"].as_str().unwrap();
    assert!(said.contains("Paris"), "{said}");
    let usage = &answer["usage"];
    assert_eq!(
        usage["total_tokens"],
        usage["prompt_tokens"].as_u64().unwrap() + usage["completion_tokens"].as_u64().unwrap()
    );
    assert!(states("ready"));
}

#[test]
fn what_is_not_supported_is_refused_by_name_and_nothing_is_cut() {
    let owned = with_models();
    let chat = |extra: Value| {
        let mut body =
            json!({"model": "smollm2-135m-instruct", "messages": [{"role": "user", "content": "hi"}]});
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        owned.post("/v1/chat/completions", &body, 400)
    };
    let refused = chat(json!({"logit_bias": {"1": 2}}));
    assert!(refused["error"]["message"].as_str().unwrap().contains("logit_bias"), "{refused}");
    let long = "word ".repeat(20_000);
    let refused = chat(json!({"messages": [{"role": "user", "content": long}]}));
    assert_eq!(refused["type"], "urn:anya:problem:context-length-exceeded");
    assert!(refused["detail"].as_str().unwrap().contains("at most 8191"), "{refused}");
    let unknown = json!({"model": "gpt-9", "input": "hi"});
    let refused = owned.post("/v1/embeddings", &unknown, 404);
    assert!(refused["detail"].as_str().unwrap().contains("gpt-9"), "{refused}");
}

#[test]
fn the_same_seed_gives_the_same_answer() {
    let owned = with_models();
    let ask = |seed: u64| {
        let body = json!({
            "model": "smollm2-135m-instruct", "temperature": 1.5, "seed": seed, "max_tokens": 24,
            "messages": [{"role": "user", "content": "Tell me a story."}],
        });
        owned.post("/v1/chat/completions", &body, 200)["choices"][0]["message"]["content"].clone()
    };
    assert_eq!(ask(7), ask(7));
    assert_ne!(ask(7), ask(8));
}

#[test]
fn a_box_without_models_says_so() {
    let empty = tempfile::tempdir().unwrap();
    let owned = Box::start(&["--models-dir", empty.path().to_str().unwrap()]).claimed();
    let refused = owned.post("/v1/embeddings", &json!({"model": "all-minilm-l6-v2", "input": "hi"}), 503);
    assert_eq!(refused["type"], "urn:anya:problem:unavailable");
    assert_eq!(owned.get("/readyz")["status"], "degraded");
}
