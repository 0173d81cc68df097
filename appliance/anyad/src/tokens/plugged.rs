//! Tokens that people plug in: found, named, unlocked with their PIN, missed when they are pulled out.
//!
//! # Design
//!
//! [`PluggedTokens::look`] compares what is there with what was there, when the kernel tells of a device
//! and at least every [`LOOKS`]. A token that nobody unlocked is listed and refuses everything
//! (`shown`). Its PIN is kept in memory while the service runs, so that a token that comes back serves
//! on; after a restart it is asked for again. So is one that the token refused: the box never sends it
//! a second time, as every wrong PIN brings a token closer to locking itself.
//!
//! What a look finds out is told at once to the box's health and to the keys' service, whose list of
//! tokens asks no device: the two always agree.
//!
//! # Limits
//!
//! Tokens are told apart by their serial numbers, those without one by their labels.

mod bay;
mod shown;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use appliance_core::health::{Component, ComponentState};
use appliance_core::keys::{KeyService, TokenLogin};
use hal_api::{Capabilities, HalError, HalErrorKind, HalResult, PinTries, Token, TokenHealth, TokenInfo};
use shown::{Found, Wants};
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
    there: bool,
    /// Opened with its PIN, which it has not refused since.
    open: Option<Token>,
    /// What it can do; known once it was unlocked.
    capabilities: Option<Capabilities>,
    /// What it said of the PIN that was sent to it last, where it refused it.
    refused: Option<Wants>,
    /// What the rest of the box was told last.
    told: Option<(TokenInfo, TokenHealth)>,
}

impl Seen {
    fn new(bay: usize, info: TokenInfo) -> Self {
        Self { bay, info, there: false, open: None, capabilities: None, refused: None, told: None }
    }

    /// How it is now. Asks an open token; one that refuses its PIN is open no more, so that it is asked once.
    fn health(&mut self) -> TokenHealth {
        if !self.there {
            return Wants::PluggingIn.health();
        }
        if let Some(open) = &self.open {
            let health = open.probe.health();
            self.refused = Some(match &health {
                TokenHealth::Failing { kind: HalErrorKind::PinLocked, .. } => Wants::Unlocking,
                TokenHealth::Failing {
                    kind: HalErrorKind::PinIncorrect | HalErrorKind::PinNeeded, ..
                } => Wants::NewPin,
                _ => return health,
            });
            self.close();
        }
        let locked = self.info.pin_tries == PinTries::Locked;
        if locked { Wants::Unlocking } else { self.refused.unwrap_or(Wants::Pin) }.health()
    }

    fn close(&mut self) {
        if let Some(open) = self.open.take() {
            open.probe.close();
        }
    }

    /// Whether somebody unlocked it, or the box has keys on it.
    fn used(&self, keys: usize) -> bool {
        self.capabilities.is_some() || keys > 0
    }
}

/// The tokens that come and go.
pub(crate) struct PluggedTokens {
    bays: Vec<Box<dyn Bay>>,
    /// Serial numbers of the box's own tokens, which a module may show as well.
    own: BTreeSet<String>,
    keys: Arc<KeyService>,
    observer: Arc<Observer>,
    seen: Mutex<BTreeMap<String, Seen>>,
    /// The bays whose module did not answer at the last look.
    silent: Mutex<BTreeSet<usize>>,
}

impl PluggedTokens {
    /// Tokens in these bays. Looks at none of them yet.
    pub(crate) fn new(bays: Vec<Box<dyn Bay>>, keys: Arc<KeyService>, observer: Arc<Observer>) -> Self {
        let own =
            keys.tokens().into_iter().map(|token| token.info.serial).filter(|serial| !serial.is_empty());
        Self { bays, own: own.collect(), keys, observer, seen: Mutex::default(), silent: Mutex::default() }
    }

    /// Looks at once, and from then on as things change, until it is aborted; `None` where there is nothing to look
    /// at.
    pub(crate) fn watch(self: &Arc<Self>) -> Option<JoinHandle<()>> {
        let this = Arc::clone(self);
        (!self.bays.is_empty()).then(|| tokio::spawn(this.keep_looking()))
    }

    async fn keep_looking(self: Arc<Self>) {
        let notices = Notices::open(Subject::Devices)
            .inspect_err(|error| tracing::info!(%error, "the kernel does not tell of devices"))
            .ok();
        let mut looks = tokio::time::interval(LOOKS);
        loop {
            tokio::select! {
                _ = looks.tick() => {}
                () = noticed(notices.as_ref()) => tokio::time::sleep(SETTLES).await,
            }
            let this = Arc::clone(&self);
            if tokio::task::spawn_blocking(move || this.look()).await.is_err() {
                tracing::error!("looking for tokens broke");
            }
        }
    }

    /// Compares what is there with what was there. Blocks as long as the modules take.
    pub(crate) fn look(&self) {
        let mut found = self.found();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, (bay, info)) in &found {
            seen.entry(name.clone()).or_insert_with(|| Seen::new(*bay, info.clone()));
        }
        for (name, token) in seen.iter_mut() {
            let found = found.remove(name);
            let came = found.is_some() && !token.there;
            token.there = found.is_some();
            if let Some((bay, info)) = found {
                (token.bay, token.info) = (bay, info);
            }
            // Who pulled it out may have unlocked it elsewhere.
            if came && token.refused == Some(Wants::Unlocking) {
                token.refused = Some(Wants::NewPin);
            }
            self.tell(name, token);
        }
        // Nobody misses a token that nobody used.
        seen.retain(|name, token| {
            let missed = token.there || token.used(self.keys.keys_on(name));
            if !missed {
                self.keys.detach(name);
            }
            missed
        });
    }

    /// Ends the sessions of every token.
    pub(crate) fn close(&self) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.values_mut().for_each(Seen::close);
        seen.clear();
    }

    /// Finds out how a token is, and tells the rest of the box where that is news.
    fn tell(&self, name: &str, token: &mut Seen) {
        let health = token.health();
        let told = (token.info.clone(), health);
        if token.told.as_ref() != Some(&told) {
            let found = Found {
                info: told.0.clone(),
                capabilities: token.capabilities.clone().unwrap_or_default(),
                health: told.1.clone(),
            };
            self.keys.attach(shown::token(name, found, token.open.as_ref().filter(|_| token.there)));
        }
        self.observer.report(component(name, token.used(self.keys.keys_on(name)), &told.1));
        token.told = Some(told);
    }

    fn found(&self) -> BTreeMap<String, (usize, TokenInfo)> {
        let mut found = BTreeMap::new();
        for (place, bay) in self.bays.iter().enumerate() {
            let present = bay.present();
            self.complain(place, present.as_ref().err());
            let others = present.unwrap_or_default().into_iter();
            let others = others.filter(|info| !self.own.contains(&info.serial));
            found.extend(others.map(|info| (name_of(&info), (place, info))));
        }
        found
    }

    /// Tells of a module that does not answer: once, not at every look, as the connector of a YubiHSM that nobody
    /// has never does.
    fn complain(&self, place: usize, error: Option<&HalError>) {
        let mut silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        match error {
            Some(error) if silent.insert(place) => {
                let error = error as &dyn std::error::Error;
                tracing::info!(error, "a token module does not answer");
            }
            None if silent.remove(&place) => tracing::info!("the token module answers again"),
            _ => {}
        }
    }

    fn unlock(&self, name: &str, pin: &str) -> HalResult<()> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let refuse = |kind| Err(HalError::new(kind, format!("unlock token {name}")));
        let Some(token) = seen.get_mut(name) else { return refuse(HalErrorKind::NotFound) };
        match token.health() {
            TokenHealth::Healthy => return Ok(()),
            TokenHealth::Failing { kind: HalErrorKind::Removed, .. } if !token.there => {
                return refuse(HalErrorKind::Removed);
            }
            TokenHealth::Failing { .. } => token.close(),
        }
        let bay = &self.bays[token.bay];
        let opened = bay.open(name, &token.info, Zeroizing::new(pin.to_owned())).map_err(|error| {
            let there = || bay.present().is_ok_and(|all| all.iter().any(|info| name_of(info) == name));
            match error.kind {
                HalErrorKind::PinLocked => token.refused = Some(Wants::Unlocking),
                HalErrorKind::PinIncorrect => {}
                // Modules have many words for a token that is not there any more.
                _ if !there() => {
                    return HalError::with_source(HalErrorKind::Removed, "unlock a token", error);
                }
                _ => {}
            }
            error
        });
        let open = opened?;
        token.capabilities = Some(open.probe.capabilities());
        (token.open, token.refused, token.told) = (Some(open), None, None);
        self.tell(name, token);
        Ok(())
    }
}

/// A token as a part of the box: one that nobody uses is no trouble, whatever it waits for.
fn component(name: &str, used: bool, health: &TokenHealth) -> Component {
    let (state, detail) = match health {
        TokenHealth::Healthy => (ComponentState::Ready, String::new()),
        TokenHealth::Failing { kind, reason } => {
            let state = match kind {
                _ if !used => ComponentState::Off,
                HalErrorKind::PinNeeded => ComponentState::Degraded,
                _ => ComponentState::Failed,
            };
            (state, reason.clone())
        }
    };
    Component { name: format!("token:{name}"), state, required: false, detail }
}

impl TokenLogin for PluggedTokens {
    fn log_in(&self, name: &str, pin: &str) -> HalResult<()> {
        let unlocked = self.unlock(name, pin);
        // It has other tries left now, or it is gone: that is to be seen at once.
        self.look();
        unlocked
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
