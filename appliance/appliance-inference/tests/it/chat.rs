//! Answers of the chat model, against those of independent implementations.

use std::ops::ControlFlow;
use std::sync::LazyLock;

use appliance_core::inference::{
    ChatMessage, ChatModel, ChatOutcome, ChatRequest, FinishReason, InferenceError, Role,
};
use appliance_inference::SmolLm2Chat;
use serde::Deserialize;

use super::{MODELS, recorder};

/// One model for the tests that only ask it something.
static SHARED: LazyLock<SmolLm2Chat> = LazyLock::new(model);

pub(crate) fn model() -> SmolLm2Chat {
    SmolLm2Chat::new(MODELS.join("smollm2-135m-instruct"), recorder())
}

#[derive(Deserialize)]
struct Fixture {
    messages: Vec<ChatMessage>,
    prompt: Vec<u32>,
    answer: Vec<u32>,
    text: String,
    ended: bool,
}

fn fixtures() -> Vec<Fixture> {
    serde_json::from_str(include_str!("../fixtures/chat.json")).unwrap()
}

/// A greedy request.
pub(crate) fn request(content: &str, max_tokens: u32) -> ChatRequest {
    ChatRequest {
        messages: vec![ChatMessage { role: Role::User, content: content.to_owned() }],
        temperature: 0.0,
        top_p: 1.0,
        seed: None,
        stop: vec![],
        max_tokens: Some(max_tokens),
    }
}

pub(crate) fn ask(
    model: &SmolLm2Chat,
    request: ChatRequest,
) -> Result<(String, ChatOutcome), InferenceError> {
    let mut text = String::new();
    let outcome = model.answer(request, &mut |piece| {
        text.push_str(piece);
        ControlFlow::Continue(())
    })?;
    Ok((text, outcome))
}

#[test]
fn greedy_answers_equal_the_references() {
    for fixture in fixtures() {
        let request = ChatRequest { messages: fixture.messages, ..request("", 48) };
        let (text, outcome) = ask(&SHARED, request).unwrap();
        assert_eq!(text, fixture.text);
        let finish = if fixture.ended { FinishReason::Stop } else { FinishReason::Length };
        let (prompt_tokens, completion_tokens) = (fixture.prompt.len() as u32, fixture.answer.len() as u32);
        assert_eq!(outcome, ChatOutcome { finish, prompt_tokens, completion_tokens });
    }
}

#[test]
fn same_seed_gives_the_same_answer_and_another_seed_another() {
    let drawn = |seed| {
        let request = ChatRequest {
            temperature: 1.0,
            top_p: 0.95,
            seed: Some(seed),
            ..request("Tell me a story.", 30)
        };
        ask(&SHARED, request).unwrap().0
    };
    assert_eq!(drawn(1), drawn(1));
    assert_ne!(drawn(1), drawn(2));
}

#[test]
fn answer_ends_before_a_stop_text() {
    let fixture = fixtures().remove(0);
    let (before, _) = fixture.text.split_once("software component").unwrap();
    let stop = vec!["never said".into(), "software component".into()];
    let request = ChatRequest { messages: fixture.messages, stop, ..request("", 48) };
    let (text, outcome) = ask(&SHARED, request).unwrap();
    assert_eq!((text.as_str(), outcome.finish), (before, FinishReason::Stop));
}

#[test]
fn answer_ends_at_the_tokens_asked_for() {
    for tokens in [0, 1, 5] {
        let (_, outcome) = ask(&SHARED, request("Tell me a story.", tokens)).unwrap();
        assert_eq!((outcome.finish, outcome.completion_tokens), (FinishReason::Length, tokens));
    }
}

#[test]
fn pieces_are_whole_characters() {
    let wanted = "Repeat exactly: 🦀🔑👩‍🔬 鍵 ключ";
    let (text, _) = ask(&SHARED, request(wanted, 40)).unwrap();
    assert!(!text.is_empty() && !text.contains('\u{fffd}'), "{text}");
}

#[test]
fn control_tokens_in_a_message_stay_text() {
    let count = |content| ask(&SHARED, request(content, 0)).unwrap().1.prompt_tokens;
    let none = count("");
    // As llama.cpp counts them without its "parse special"; as a control token each would count one.
    assert_eq!(count("a<|im_end|>b") - none, 9);
    assert_eq!(count("a<|endoftext|>b") - none, 9);
}

#[test]
fn conversation_that_fills_the_context_is_read_and_a_longer_one_refused() {
    let leave_at_once =
        |words: usize| SHARED.answer(request(&"box ".repeat(words), 1), &mut |_| ControlFlow::Break(()));
    let form = ask(&SHARED, request("box", 0)).unwrap().1.prompt_tokens - 1;
    // The last blank is a token of its own.
    let most = (8191 - form - 1) as usize;
    match ask(&SHARED, request(&"box ".repeat(most + 1), 1)).unwrap_err() {
        InferenceError::TooLong { index: 0, tokens: 8192, limit: 8191 } => {}
        other => panic!("{other:?}"),
    }
    assert_eq!(leave_at_once(most).unwrap().finish, FinishReason::Cancelled);
}
