//! Looks after the parts that do not speak up by themselves: tokens and the store.

use std::sync::Arc;
use std::time::Duration;

use appliance_core::health::{Component, ComponentState};
use hal_api::{Token, TokenHealth};
use tokio::task::JoinHandle;

use crate::observer::Observer;

/// How often they are looked after.
const INTERVAL: Duration = Duration::from_secs(10);

/// Reports every token's health, now and every [`INTERVAL`].
pub(crate) fn start(tokens: Vec<Token>, observer: Arc<Observer>) -> JoinHandle<()> {
    let tokens = Arc::new(tokens);
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(INTERVAL);
        loop {
            ticks.tick().await;
            let (tokens, observer) = (Arc::clone(&tokens), Arc::clone(&observer));
            let looked = tokio::task::spawn_blocking(move || {
                tokens.iter().for_each(|token| observer.report(token_component(token)));
            });
            if looked.await.is_err() {
                tracing::error!("looking after the tokens broke");
            }
        }
    })
}

/// A token as a part of the box.
pub(crate) fn token_component(token: &Token) -> Component {
    let (state, detail) = match token.probe.health() {
        TokenHealth::Healthy => (ComponentState::Ready, String::new()),
        TokenHealth::Failing { reason } => (ComponentState::Failed, reason),
    };
    Component { name: format!("token:{}", token.name), state, required: token.name == "softhsm", detail }
}

/// The store as a part of the box.
pub(crate) fn store_component() -> Component {
    Component { name: "store".into(), state: ComponentState::Ready, required: true, detail: String::new() }
}
