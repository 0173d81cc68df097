//! What is known of the node, told to whoever asks and to the domain's events.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use appliance_core::event::{DomainEvent, EventSink};
use appliance_core::node::{NodeState, NodeStatus, Peers, RulesVerdict, Verdict};
use tokio::sync::watch;

use crate::config::NodeConfig;
use crate::rpc::Rpc;

/// The status, written by the supervisor alone.
pub(crate) struct Board {
    status: watch::Sender<NodeStatus>,
    started: Mutex<Option<Instant>>,
    rpc: Mutex<Option<Arc<Rpc>>>,
    events: Arc<dyn EventSink>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Nobody has asked the node yet.
fn unknown_rules() -> RulesVerdict {
    RulesVerdict { verdict: Verdict::Unknown, reason: None }
}

impl Board {
    pub(crate) fn new(config: &NodeConfig, events: Arc<dyn EventSink>) -> Self {
        let status = NodeStatus::unasked(NodeState::Starting, config.chain, config.source.clone());
        Self { status: watch::Sender::new(status), started: Mutex::new(None), rpc: Mutex::new(None), events }
    }

    /// The status now.
    pub(crate) fn status(&self) -> NodeStatus {
        let status = self.status.borrow().clone();
        self.with_uptime(status)
    }

    fn with_uptime(&self, status: NodeStatus) -> NodeStatus {
        let uptime = lock(&self.started).map(|started| started.elapsed().as_secs());
        NodeStatus { uptime_seconds: uptime, ..status }
    }

    pub(crate) fn watch(&self) -> watch::Receiver<NodeStatus> {
        self.status.subscribe()
    }

    /// Changes the status and tells of it, unless it stays the same.
    pub(crate) fn update(&self, change: impl FnOnce(&mut NodeStatus)) {
        let changed = self.status.send_if_modified(|status| {
            let before = status.clone();
            change(status);
            *status != before
        });
        if changed {
            self.events.publish(DomainEvent::NodeChanged { status: self.status() });
        }
    }

    pub(crate) fn announce(&self, height: u64, hash: String) {
        self.events.publish(DomainEvent::BlockConnected { height, hash });
    }

    /// A process was started; `again` when it was not the first one.
    pub(crate) fn launched(&self, again: bool) {
        *lock(&self.started) = Some(Instant::now());
        self.update(|status| {
            status.state = NodeState::Starting;
            status.detail = None;
            status.restarts = status.restarts.saturating_add(u32::from(again));
        });
    }

    /// The process is usable for calls.
    pub(crate) fn usable(&self, rpc: Arc<Rpc>) {
        *lock(&self.rpc) = Some(rpc);
    }

    /// For calls of others; `None` while the node is not usable.
    pub(crate) fn rpc(&self) -> Option<Arc<Rpc>> {
        lock(&self.rpc).clone()
    }

    /// The process is going away: no more calls.
    pub(crate) fn retire(&self) {
        *lock(&self.rpc) = None;
    }

    /// There is no process any more. What was known of the chain stays, as the last that was known.
    pub(crate) fn gone(&self, state: NodeState, detail: Option<String>) {
        *lock(&self.started) = None;
        self.update(|status| {
            status.state = state;
            status.detail = detail;
            status.peers = Peers::default();
            status.block_source = Vec::new();
            if state != NodeState::Refused {
                status.rules = unknown_rules();
            }
        });
    }
}
