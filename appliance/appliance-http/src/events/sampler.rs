//! Readings of the board, only while somebody listens.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use appliance_core::event::{DomainEvent, EventSink};
use hal_api::BoardSensors;
use tokio::task::AbortHandle;

use super::EventBus;

/// Time between two readings.
const PERIOD: Duration = Duration::from_secs(5);

/// Reads the board every five seconds while there is a [`Listening`], and publishes the readings.
pub(crate) struct Sampler {
    sensors: Arc<dyn BoardSensors>,
    bus: EventBus,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    listeners: usize,
    task: Option<AbortHandle>,
}

/// Keeps the readings coming until dropped.
pub(crate) struct Listening(Arc<Sampler>);

impl Sampler {
    /// A sampler at rest.
    pub(crate) fn new(sensors: Arc<dyn BoardSensors>, bus: EventBus) -> Arc<Self> {
        Arc::new(Self { sensors, bus, state: Mutex::default() })
    }

    /// Starts the readings, the first at once, unless they run already.
    pub(crate) fn listen(self: &Arc<Self>) -> Listening {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.listeners += 1;
        if state.task.is_none() {
            let task = tokio::spawn(sample(Arc::clone(&self.sensors), self.bus.clone()));
            state.task = Some(task.abort_handle());
        }
        Listening(Arc::clone(self))
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.listeners -= 1;
        if state.listeners == 0
            && let Some(task) = state.task.take()
        {
            task.abort();
        }
    }
}

async fn sample(sensors: Arc<dyn BoardSensors>, bus: EventBus) {
    let mut ticks = tokio::time::interval(PERIOD);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let sensors = Arc::clone(&sensors);
        match tokio::task::spawn_blocking(move || sensors.read()).await {
            Ok(Ok(board)) => bus.publish(DomainEvent::SystemSampled { board }),
            Ok(Err(error)) => {
                tracing::warn!(error = %crate::problem::chain(&error), "the board cannot be read")
            }
            Err(error) => tracing::warn!(%error, "reading the board was cut short"),
        }
    }
}
