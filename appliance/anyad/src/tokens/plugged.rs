//! Tokens that people plug in: found, named, unlocked with their PIN, missed when they are pulled out.
//!
//! # Design
//!
//! [`PluggedTokens::look`] compares what is there with what was there, when the kernel tells of a device
//! and at least every [`LOOKS`]. A token that nobody unlocked is listed and refuses everything
//! (`waiting`). Its PIN is kept in memory while the service runs, so that a token that comes back serves
//! on; after a restart it is asked for again.
//!
//! # Limits
//!
//! Tokens are told apart by their serial numbers and opened by their labels: of two with one label in one
//! module, only the first can be unlocked.

mod bay;
mod waiting;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use appliance_core::health::{Component, ComponentState};
use appliance_core::keys::{KeyService, TokenLogin};
use hal_api::{HalError, HalErrorKind, HalResult, Token, TokenHealth, TokenInfo};
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

pub(crate) use bay::{Bay, bays};

use crate::network::netlink::{Notices, Subject};
use crate::observer::Observer;

/// How often it looks where the kernel does not tell.
const LOOKS: Duration = Duration::from_secs(10);
/// A device tells of itself before it answers.
const SETTLES: Duration = Duration::from_millis(500);

/// A token that is or was there.
struct Seen {
    bay: usize,
    info: TokenInfo,
    open: Option<Token>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    There,
    Gone,
}

/// The tokens that come and go.
pub(crate) struct PluggedTokens {
    bays: Vec<Box<dyn Bay>>,
    /// Serial numbers of the box's own tokens, which a module may show as well.
    own: BTreeSet<String>,
    keys: Arc<KeyService>,
    observer: Arc<Observer>,
    seen: Mutex<BTreeMap<String, Seen>>,
}

impl PluggedTokens {
    /// Tokens in these bays. Looks at none of them yet.
    pub(crate) fn new(bays: Vec<Box<dyn Bay>>, keys: Arc<KeyService>, observer: Arc<Observer>) -> Self {
        let own =
            keys.tokens().into_iter().map(|token| token.info.serial).filter(|serial| !serial.is_empty());
        Self { bays, own: own.collect(), keys, observer, seen: Mutex::default() }
    }

    /// Looks at once, and from then on as things change, until it is aborted.
    pub(crate) fn watch(self: &Arc<Self>) -> JoinHandle<()> {
        let this = Arc::clone(self);
        tokio::spawn(async move {
            let notices = Notices::open(Subject::Devices)
                .inspect_err(|error| tracing::info!(%error, "the kernel does not tell of devices"))
                .ok();
            let mut looks = tokio::time::interval(LOOKS);
            loop {
                tokio::select! {
                    _ = looks.tick() => {}
                    () = noticed(notices.as_ref()) => tokio::time::sleep(SETTLES).await,
                }
                let this = Arc::clone(&this);
                if tokio::task::spawn_blocking(move || this.look()).await.is_err() {
                    tracing::error!("looking for tokens broke");
                }
            }
        })
    }

    /// Compares what is there with what was there. Blocks as long as the modules take.
    pub(crate) fn look(&self) {
        let found = self.found();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, (bay, info)) in &found {
            let new = || Seen { bay: *bay, info: info.clone(), open: None, state: State::New };
            let token = seen.entry(name.clone()).or_insert_with(new);
            match token.state {
                State::New => self.keys.attach(waiting::token(name, info, HalErrorKind::PinIncorrect)),
                State::Gone if token.open.is_none() => {
                    self.keys.attach(waiting::token(name, info, HalErrorKind::PinIncorrect));
                }
                State::There | State::Gone => {}
            }
            token.state = State::There;
        }
        for (name, token) in seen.iter_mut().filter(|(name, _)| !found.contains_key(*name)) {
            if token.open.is_none() && token.state != State::Gone {
                self.keys.attach(waiting::token(name, &token.info, HalErrorKind::Removed));
            }
            token.state = State::Gone;
        }
        for (name, token) in seen.iter() {
            self.observer.report(self.component(name, token));
        }
        // Nobody misses a token that nobody used.
        seen.retain(|name, token| {
            let missed = token.state != State::Gone || token.open.is_some() || self.keys.keys_on(name) > 0;
            if !missed {
                self.keys.detach(name);
            }
            missed
        });
    }

    /// Ends the sessions of every token.
    pub(crate) fn close(&self) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.values().filter_map(|token| token.open.as_ref()).for_each(|token| token.probe.close());
        seen.clear();
    }

    fn found(&self) -> BTreeMap<String, (usize, TokenInfo)> {
        let mut found = BTreeMap::new();
        for (place, bay) in self.bays.iter().enumerate() {
            match bay.present() {
                Ok(present) => {
                    let others = present.into_iter().filter(|info| !self.own.contains(&info.serial));
                    found.extend(others.map(|info| (name_of(&info), (place, info))));
                }
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "a token module does not answer"
                    );
                }
            }
        }
        found
    }

    /// A token as a part of the box: one that nobody uses is no trouble, whatever it waits for.
    fn component(&self, name: &str, token: &Seen) -> Component {
        let used = token.open.is_some() || self.keys.keys_on(name) > 0;
        let (state, detail) = match (&token.open, token.state) {
            (_, State::Gone) if used => {
                (ComponentState::Failed, "it was pulled out; plug it in again".to_owned())
            }
            (_, State::Gone) => (ComponentState::Off, "it was pulled out".to_owned()),
            (None, _) => {
                let state = if used { ComponentState::Degraded } else { ComponentState::Off };
                (state, "it is locked; enter its PIN".to_owned())
            }
            (Some(open), _) => match open.probe.health() {
                TokenHealth::Healthy => (ComponentState::Ready, String::new()),
                TokenHealth::Failing { reason } => (ComponentState::Failed, reason),
            },
        };
        Component { name: format!("token:{name}"), state, required: false, detail }
    }
}

impl TokenLogin for PluggedTokens {
    fn log_in(&self, name: &str, pin: &str) -> HalResult<()> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let operation = format!("unlock token {name}");
        let Some(token) = seen.get_mut(name) else {
            return Err(HalError::new(HalErrorKind::NotFound, operation));
        };
        if token.open.is_some() {
            return Ok(());
        }
        if token.state == State::Gone {
            return Err(HalError::new(HalErrorKind::Removed, operation));
        }
        let open = self.bays[token.bay].open(name, &token.info.label, Zeroizing::new(pin.to_owned()))?;
        self.keys.attach(open.clone());
        token.open = Some(open);
        self.observer.report(self.component(name, token));
        Ok(())
    }
}

/// The box's name for a token: from its serial number, or its label where it has none.
fn name_of(info: &TokenInfo) -> String {
    let told = if info.serial.is_empty() { &info.label } else { &info.serial };
    let letters = told.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' });
    let letters: String = letters.take(40).collect();
    format!("usb-{}", letters.trim_matches('-'))
}

async fn noticed(notices: Option<&Notices>) {
    let told = match notices {
        Some(notices) => notices.next().await,
        None => std::future::pending().await,
    };
    if let Err(error) = told {
        tracing::warn!(%error, "the kernel's notices broke");
        tokio::time::sleep(LOOKS).await;
    }
}

#[cfg(test)]
mod tests;
