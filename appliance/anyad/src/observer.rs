//! Hears every domain event before the web page does, and keeps the health registry and the console
//! true to it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use appliance_core::event::{DomainEvent, EventSink};
use appliance_core::health::{Component, ComponentState, HealthRegistry};
use appliance_core::inference::{ModelInfo, ModelState};
use appliance_core::node::{NodeState, NodeStatus};

use crate::console::{Console, health_line};

/// Stands between the parts of the box and those who listen.
pub(crate) struct Observer {
    health: Arc<HealthRegistry>,
    console: Arc<Console>,
    listeners: Arc<dyn EventSink>,
    shown_node: Mutex<Option<NodeState>>,
    stopping: AtomicBool,
    shows_health: bool,
}

impl Observer {
    /// Passes events on to `listeners`.
    pub(crate) fn new(
        health: Arc<HealthRegistry>,
        console: Arc<Console>,
        listeners: Arc<dyn EventSink>,
    ) -> Self {
        Self {
            health,
            console,
            listeners,
            shown_node: Mutex::new(None),
            stopping: AtomicBool::new(false),
            shows_health: false,
        }
    }

    /// With the box's health on the console, or without.
    pub(crate) fn showing_health(self, shows_health: bool) -> Self {
        Self { shows_health, ..self }
    }

    /// From now on parts that stop do so on purpose, which is no news.
    pub(crate) fn expect_stops(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Notes how a part is, and tells of it when that is news.
    pub(crate) fn report(&self, component: Component) {
        if self.health.report(component.clone()) {
            tracing::info!(component = component.name, state = ?component.state, detail = component.detail, "component");
            self.listeners.publish(DomainEvent::ComponentChanged { component });
            if self.shows_health {
                self.console.line("Health", &health_line(&self.health.components()));
            }
        }
    }

    fn show_node(&self, status: &NodeStatus) {
        let settled = matches!(status.state, NodeState::Running | NodeState::Refused | NodeState::Stopped);
        let mut shown = self.shown_node.lock().unwrap_or_else(PoisonError::into_inner);
        if settled && *shown != Some(status.state) {
            *shown = Some(status.state);
            self.console.line("Node", &node_line(status));
        }
    }
}

impl EventSink for Observer {
    fn publish(&self, event: DomainEvent) {
        match &event {
            _ if self.stopping.load(Ordering::Relaxed) => {}
            DomainEvent::NodeChanged { status } => {
                self.report(node_component(status));
                self.show_node(status);
            }
            DomainEvent::ModelChanged { model } => self.report(model_component(model)),
            DomainEvent::BoxClaimed { username } => self.console.line("Claimed by", username),
            _ => {}
        }
        self.listeners.publish(event);
    }
}

/// The node as a part of the box. It is not required: keys and models work without it.
pub(crate) fn node_component(status: &NodeStatus) -> Component {
    let state = match status.state {
        NodeState::Off => ComponentState::Off,
        NodeState::Starting => ComponentState::Starting,
        NodeState::Running => ComponentState::Ready,
        NodeState::Syncing | NodeState::Waiting => ComponentState::Degraded,
        NodeState::Refused | NodeState::Stopped => ComponentState::Failed,
    };
    let detail = status.detail.clone().unwrap_or_default();
    Component { name: "bitcoin".into(), state, required: false, detail }
}

/// A model as a part of the box. One that waits for its first request is ready.
pub(crate) fn model_component(model: &ModelInfo) -> Component {
    let (state, detail) = match &model.state {
        ModelState::OnDisk | ModelState::Ready => (ComponentState::Ready, String::new()),
        ModelState::Loading => (ComponentState::Ready, "being loaded".into()),
        ModelState::Absent => (ComponentState::Failed, "its files are not there".into()),
        ModelState::Failed { reason } => (ComponentState::Failed, reason.clone()),
    };
    Component { name: format!("model:{}", model.id), state, required: false, detail }
}

/// The node in one line for people.
fn node_line(status: &NodeStatus) -> String {
    let chain = status.chain.name();
    let name = status.implementation.as_deref().unwrap_or("bitcoind");
    let version = status.version.as_deref().unwrap_or("of unknown version");
    let detail = status.detail.as_deref().unwrap_or_default();
    match status.state {
        NodeState::Running => format!("{name} {version} is running on {chain}"),
        _ => format!("{name} is not in use: {detail}"),
    }
}
