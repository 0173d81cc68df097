//! Callers who leave, callers who wait, and the end of the engine.

use std::ops::ControlFlow;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};

use appliance_core::inference::{ChatModel, FinishReason, InferenceError, ModelState};
use appliance_inference::SmolLm2Chat;

use super::chat::{ask, model, request};
use super::{MODELS, recorder};

const LONG: &str = "Tell me a very long story.";

#[test]
fn caller_who_leaves_ends_the_answer_and_frees_the_engine() {
    let model = model();
    let mut pieces = 0;
    let outcome = model.answer(request(LONG, 4000), &mut |text| {
        pieces += usize::from(!text.is_empty());
        if pieces == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let outcome = outcome.unwrap();
    assert_eq!(outcome.finish, FinishReason::Cancelled);
    assert!((3..400).contains(&outcome.completion_tokens), "{outcome:?}");
    assert_eq!(ask(&model, request("Hello", 3)).unwrap().1.completion_tokens, 3);
}

#[test]
fn caller_who_leaves_while_the_prompt_is_read_is_noticed() {
    let model = model();
    let outcome = model.answer(request(&"box ".repeat(6000), 10), &mut |text| {
        assert_eq!(text, "");
        ControlFlow::Break(())
    });
    assert_eq!(outcome.unwrap().finish, FinishReason::Cancelled);
}

#[test]
fn too_many_callers_are_refused_and_those_who_wait_may_leave() {
    const QUEUE: usize = 16;
    let model = model();
    let (queued, enough) = (Barrier::new(QUEUE + 1), AtomicBool::new(false));
    let go_on =
        || if enough.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    std::thread::scope(|scope| {
        let (started, has_started) = std::sync::mpsc::channel();
        let model = &model;
        let first = scope.spawn(move || {
            model.answer(request(LONG, 8000), &mut |text| {
                if !text.is_empty() {
                    let _ = started.send(());
                }
                go_on()
            })
        });
        has_started.recv().unwrap();
        let waiting: Vec<_> = (0..QUEUE)
            .map(|_| {
                scope.spawn(|| {
                    let mut told = false;
                    // It is called while the request waits in the queue.
                    model.answer(request(LONG, 10), &mut |_| {
                        if !std::mem::replace(&mut told, true) {
                            queued.wait();
                        }
                        go_on()
                    })
                })
            })
            .collect();
        queued.wait();
        let refused = ask(model, request(LONG, 1)).unwrap_err();
        enough.store(true, Ordering::Relaxed);
        assert!(matches!(refused, InferenceError::Busy { waiting: QUEUE }), "{refused:?}");
        assert_eq!(first.join().unwrap().unwrap().finish, FinishReason::Cancelled);
        for waiting in waiting {
            assert_eq!(waiting.join().unwrap().unwrap().finish, FinishReason::Cancelled);
        }
    });
}

#[test]
fn callers_at_the_same_time_get_the_answers_that_they_get_alone() {
    let model = model();
    let questions = ["What is a key?", "What is a lock?", "What is a box?"];
    let alone = questions.map(|question| ask(&model, request(question, 12)).unwrap().0);
    std::thread::scope(|scope| {
        for (question, alone) in questions.iter().zip(&alone) {
            scope.spawn(|| assert_eq!(ask(&model, request(question, 12)).unwrap().0, *alone));
        }
    });
}

#[test]
fn stopping_cancels_the_answer_under_way_and_refuses_the_next() {
    let model = model();
    let outcome = model.answer(request(LONG, 8000), &mut |text| {
        if !text.is_empty() {
            model.stop();
        }
        ControlFlow::Continue(())
    });
    assert_eq!(outcome.unwrap().finish, FinishReason::Cancelled);
    let error = ask(&model, request("Hello", 1)).unwrap_err();
    assert!(matches!(error, InferenceError::Unavailable { .. }), "{error:?}");
}

#[test]
fn loads_at_the_first_request_and_tells() {
    let events = recorder();
    let model = SmolLm2Chat::new(MODELS.join("smollm2-135m-instruct"), events.clone());
    let before = model.model();
    assert_eq!(before.state, ModelState::OnDisk);
    ask(&model, request("Hello", 1)).unwrap();
    let after = model.model();
    assert_eq!(events.states(), [ModelState::Loading, ModelState::Ready]);
    // What was said before it was loaded was true.
    assert_eq!(after.state, ModelState::Ready);
    assert_eq!((before.parameters, before.context_tokens), (after.parameters, after.context_tokens));
    assert_eq!((before.quantization, before.size_bytes), (after.quantization, after.size_bytes));
}
