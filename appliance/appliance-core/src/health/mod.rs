//! Health: which parts the box has, how each is, and what that makes of the whole.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

/// How a part of the box is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ComponentState {
    /// It works.
    Ready,
    /// It is on its way.
    Starting,
    /// It works, but not as it should.
    Degraded,
    /// It does not work.
    Failed,
    /// It is switched off on purpose.
    Off,
}

/// A part of the box and how it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Component {
    /// Its name, as `/readyz` shows it: `store`, `token:softhsm`, `bitcoin`, `model:…`.
    pub name: String,
    /// How it is.
    pub state: ComponentState,
    /// Whether the box is of no use without it.
    pub required: bool,
    /// What people should know, in plain words; empty when all is well.
    pub detail: String,
}

/// How the box is as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Readiness {
    /// Every part works, or is off on purpose.
    Ready,
    /// A part that the box can do without does not work.
    Degraded,
    /// A required part does not work.
    NotReady,
}

/// The parts of the box and their states.
#[derive(Debug, Default)]
pub struct HealthRegistry {
    components: Mutex<BTreeMap<String, Component>>,
}

impl HealthRegistry {
    /// Notes how a part is. Returns whether that is news.
    pub fn report(&self, component: Component) -> bool {
        let mut components = self.components.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = components.get(&component.name) != Some(&component);
        components.insert(component.name.clone(), component);
        changed
    }

    /// Every part, ordered by name.
    pub fn components(&self) -> Vec<Component> {
        self.components.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// What the parts make of the whole.
    pub fn readiness(&self) -> Readiness {
        readiness(&self.components())
    }
}

/// What these parts make of the whole. A part that is starting counts as not working yet.
pub fn readiness(components: &[Component]) -> Readiness {
    let works = |c: &&Component| matches!(c.state, ComponentState::Ready | ComponentState::Off);
    let usable = |c: &&Component| works(c) || c.state == ComponentState::Degraded;
    if components.iter().filter(|c| c.required).any(|c| !usable(&c)) {
        Readiness::NotReady
    } else if components.iter().any(|c| !works(&c)) {
        Readiness::Degraded
    } else {
        Readiness::Ready
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(name: &str, state: ComponentState, required: bool) -> Component {
        Component { name: name.into(), state, required, detail: String::new() }
    }

    #[test]
    fn a_required_part_decides_and_others_only_degrade() {
        use ComponentState::{Degraded, Failed, Off, Ready, Starting};
        let store = |state| part("store", state, true);
        let node = |state| part("bitcoin", state, false);
        assert_eq!(readiness(&[store(Ready), node(Ready)]), Readiness::Ready);
        assert_eq!(readiness(&[store(Ready), node(Off)]), Readiness::Ready);
        assert_eq!(readiness(&[store(Ready), node(Failed)]), Readiness::Degraded);
        assert_eq!(readiness(&[store(Degraded), node(Ready)]), Readiness::Degraded);
        assert_eq!(readiness(&[store(Starting), node(Ready)]), Readiness::NotReady);
        assert_eq!(readiness(&[store(Failed), node(Failed)]), Readiness::NotReady);
    }

    #[test]
    fn only_a_change_is_news() {
        let registry = HealthRegistry::default();
        assert!(registry.report(part("store", ComponentState::Starting, true)));
        assert!(registry.report(part("store", ComponentState::Ready, true)));
        assert!(!registry.report(part("store", ComponentState::Ready, true)));
    }
}
