//! Looks after the parts that do not speak up by themselves: tokens and the store.

use std::sync::Arc;
use std::time::Duration;

use appliance_core::health::{Component, ComponentState};
use appliance_store::Store;
use hal_api::{Token, TokenHealth};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::observer::Observer;

/// How often they are looked after.
const INTERVAL: Duration = Duration::from_secs(10);

/// Reports the health of the store and of every token, now and every [`INTERVAL`].
pub(crate) fn start(tokens: Vec<Token>, store: Arc<Store>, observer: Arc<Observer>) -> JoinHandle<()> {
    report(&tokens, &store, &observer);
    let tokens = Arc::new(tokens);
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval_at(Instant::now() + INTERVAL, INTERVAL);
        loop {
            ticks.tick().await;
            let (tokens, store, observer) = (Arc::clone(&tokens), Arc::clone(&store), Arc::clone(&observer));
            let looked = tokio::task::spawn_blocking(move || report(&tokens, &store, &observer));
            if looked.await.is_err() {
                tracing::error!("looking after store and tokens broke");
            }
        }
    })
}

fn report(tokens: &[Token], store: &Store, observer: &Observer) {
    observer.report(store_component(store));
    tokens.iter().for_each(|token| observer.report(token_component(token)));
}

/// A token as a part of the box. The box's own one is required: its certificates hang on it.
fn token_component(token: &Token) -> Component {
    let (state, detail) = match token.probe.health() {
        TokenHealth::Healthy => (ComponentState::Ready, String::new()),
        TokenHealth::Failing { reason, .. } => (ComponentState::Failed, reason),
    };
    Component { name: format!("token:{}", token.name), state, required: token.name == "softhsm", detail }
}

/// The store as a part of the box. One that cannot write still reads.
fn store_component(store: &Store) -> Component {
    let (state, detail) = match store.health().failing {
        None => (ComponentState::Ready, String::new()),
        Some(reason) => (ComponentState::Degraded, reason),
    };
    Component { name: "store".into(), state, required: true, detail }
}
