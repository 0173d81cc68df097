//! What OpenAI's clients see.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::http::StatusCode;
use http_body_util::BodyExt;
use serde_json::{Value, json};

use crate::doubles::TestChat;
use crate::harness::{TestBox, with_chat};

const CHAT: &str = "/v1/chat/completions";

fn conversation(last: &str) -> Value {
    json!({"model": "smollm2-135m-instruct", "messages": [{"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": last}]}]})
}

fn streamed(last: &str, include_usage: bool) -> Value {
    let mut request = conversation(last);
    request["stream"] = json!(true);
    request["stream_options"] = json!({"include_usage": include_usage});
    request
}

#[tokio::test]
async fn models_are_listed() {
    let test = TestBox::new().await;
    let models = test.get("/v1/models").await.json();
    assert_eq!(models["object"], "list");
    assert_eq!(models["data"][0]["id"], "all-minilm-l6-v2");
    assert_eq!(models["data"][1]["object"], "model");
    assert_eq!(test.get("/v1/models/all-minilm-l6-v2").await.json()["id"], "all-minilm-l6-v2");
    let unknown = test.get("/v1/models/gpt-4").await;
    unknown.assert_problem(404, "not-found", "", "");
    assert_eq!(unknown.json()["error"]["code"], "model_not_found");
}

#[tokio::test]
async fn embeddings_come_as_numbers_or_base64() {
    let test = TestBox::new().await;
    let request =
        json!({"model": "all-minilm-l6-v2", "input": ["a", "bc"], "dimensions": 384, "user": "ada"});
    let answer = test.post("/v1/embeddings", &request).await.json();
    assert_eq!(answer["data"][1]["index"], 1);
    assert_eq!(answer["data"][1]["embedding"][0], 2.0);
    assert_eq!(answer["data"][0]["embedding"].as_array().unwrap().len(), 384);
    assert_eq!(answer["usage"], json!({"prompt_tokens": 7, "total_tokens": 7}));

    let request = json!({"model": "all-minilm-l6-v2", "input": "a", "encoding_format": "base64"});
    let answer = test.post("/v1/embeddings", &request).await.json();
    let text = answer["data"][0]["embedding"].as_str().unwrap();
    assert!(text.starts_with("AACAPwAAAEA"), "little-endian 1.0 and 2.0: {text}");

    let request = json!({"model": "all-minilm-l6-v2", "input": ["a", "x".repeat(1001)]});
    let answer = test.post("/v1/embeddings", &request).await;
    answer.assert_problem(
        400,
        "context-length-exceeded",
        "input[1]",
        "1001 tokens, and the model reads at most 256",
    );
    assert_eq!(answer.json()["error"]["code"], "context_length_exceeded");
    assert_eq!(answer.json()["error"]["param"], "input[1]");
}

#[tokio::test]
async fn an_answer_comes_at_once() {
    let chat = TestChat::allowed(usize::MAX);
    let test = with_chat(chat.clone()).await;
    let mut request = conversation("hello");
    request["temperature"] = json!(0);
    request["seed"] = json!(-1);
    request["stop"] = json!("END");
    request["max_completion_tokens"] = json!(9);
    let answer = test.post(CHAT, &request).await.json();
    assert_eq!(answer["object"], "chat.completion");
    assert!(answer["id"].as_str().unwrap().starts_with("chatcmpl-"));
    assert_eq!(
        answer["choices"][0]["message"],
        json!({"role": "assistant", "content": "one two three", "refusal": null})
    );
    assert_eq!(answer["choices"][0]["finish_reason"], "stop");
    assert_eq!(answer["usage"], json!({"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}));

    let asked = chat.asked.lock().unwrap().clone().unwrap();
    assert_eq!(asked.messages[0].role, appliance_core::inference::Role::System);
    assert_eq!(asked.messages[1].content, "hello");
    assert_eq!((asked.temperature, asked.top_p, asked.seed), (0.0, 1.0, Some(u64::MAX)));
    assert_eq!((asked.stop, asked.max_tokens), (vec!["END".to_owned()], Some(9)));
}

#[tokio::test]
async fn a_streamed_answer_begins_with_the_role_and_ends_with_done() {
    let test = with_chat(TestChat::allowed(usize::MAX)).await;
    let answer = test.post(CHAT, &streamed("hello", true)).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.headers["content-type"], "text/event-stream");
    let text = answer.text();
    let frames: Vec<&str> =
        text.split_terminator("\n\n").map(|frame| frame.strip_prefix("data: ").unwrap()).collect();
    let chunks: Vec<Value> =
        frames[..frames.len() - 1].iter().map(|frame| serde_json::from_str(frame).unwrap()).collect();
    assert_eq!(frames.last(), Some(&"[DONE]"));
    assert_eq!(chunks[0]["choices"][0]["delta"], json!({"role": "assistant", "content": ""}));
    assert_eq!(chunks[0]["choices"][0]["finish_reason"], Value::Null);
    let said: String =
        chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect();
    assert_eq!(said, "one two three");
    assert_eq!(chunks[4]["choices"][0]["finish_reason"], "stop");
    assert_eq!(chunks[4]["choices"][0]["delta"], json!({}));
    assert_eq!(chunks[5]["choices"], json!([]));
    assert_eq!(chunks[5]["usage"], json!({"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}));
    assert_eq!(chunks.len(), 6);
    for chunk in &chunks {
        assert_eq!((&chunk["object"], &chunk["id"]), (&json!("chat.completion.chunk"), &chunks[0]["id"]));
    }
}

#[tokio::test]
async fn what_fails_before_the_first_piece_has_its_own_status() {
    let test = with_chat(TestChat::allowed(usize::MAX)).await;
    for stream in [false, true] {
        let request = |last| if stream { streamed(last, false) } else { conversation(last) };
        test.post(CHAT, &request("too long")).await.assert_problem(
            400,
            "context-length-exceeded",
            "messages",
            "at most 64",
        );
        let busy = test.post(CHAT, &request("busy")).await;
        busy.assert_problem(503, "busy", "", "");
        assert_eq!(busy.headers["retry-after"], "1");
        let failed = test.post(CHAT, &request("fail early")).await;
        failed.assert_problem(500, "internal", "", "");
        assert!(!failed.text().contains("secret"), "{}", failed.text());
        test.post(CHAT, &request("panic")).await.assert_problem(500, "internal", "", "");
    }
}

#[tokio::test]
async fn what_fails_later_is_an_event() {
    let test = with_chat(TestChat::allowed(usize::MAX)).await;
    let text = test.post(CHAT, &streamed("fail late", false)).await.text();
    let last = text.trim_end().rsplit("\n\n").next().unwrap();
    let data = last.strip_prefix("event: error\ndata: ").unwrap();
    let error: Value = serde_json::from_str(data).unwrap();
    assert_eq!(error["error"]["type"], "server_error");
    assert!(!text.contains("[DONE]") && !text.contains("secret"), "{text}");
}

#[tokio::test]
async fn a_client_that_leaves_its_stream_stops_the_model() {
    let chat = TestChat::allowed(1);
    let test = with_chat(chat.clone()).await;
    let response = test.start(test.post_request(CHAT, &streamed("for ever", false))).await;
    let mut body = response.into_body();
    body.frame().await.unwrap().unwrap();
    drop(body);
    chat.release();
    crate::harness::eventually(|| chat.stopped.load(Ordering::SeqCst)).await;
}

#[tokio::test]
async fn a_client_that_leaves_before_its_answer_stops_the_model() {
    let chat = TestChat::allowed(1);
    let test = Arc::new(with_chat(chat.clone()).await);
    let request = test.post_request(CHAT, &conversation("for ever"));
    let sender = Arc::clone(&test);
    let waiting = tokio::spawn(async move { sender.start(request).await });
    crate::harness::eventually(|| chat.said.load(Ordering::SeqCst) == 2).await;
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    chat.release();
    crate::harness::eventually(|| chat.stopped.load(Ordering::SeqCst)).await;
}
