//! One sender, many listeners, no memory.

use std::sync::{Arc, Mutex, PoisonError};

use appliance_core::event::{DomainEvent, EventSink};
use jiff::Timestamp;
use tokio::sync::broadcast;

/// How many events a listener may be behind before it misses the oldest.
const BACKLOG: usize = 256;

/// An event with its place in the order of events.
#[derive(Clone, Debug)]
pub struct PublishedEvent {
    /// Ascending by one from 1; starts anew when the service starts.
    pub id: u64,
    /// When it was published.
    pub at: Timestamp,
    /// What happened.
    pub event: DomainEvent,
}

/// Carries events to listeners. Publishing never blocks: without a listener an event is dropped, and a
/// listener that is too slow is told how many it missed.
#[derive(Clone, Debug)]
pub struct EventBus {
    sender: broadcast::Sender<Arc<PublishedEvent>>,
    last_id: Arc<Mutex<u64>>,
}

impl EventBus {
    /// A bus without listeners.
    pub fn new() -> Self {
        Self { sender: broadcast::channel(BACKLOG).0, last_id: Arc::default() }
    }

    /// Listens from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<PublishedEvent>> {
        self.sender.subscribe()
    }
}

impl Default for EventBus {
    fn default() -> Self {
        Self::new()
    }
}

impl EventSink for EventBus {
    fn publish(&self, event: DomainEvent) {
        // Held while sending, so that listeners meet ids in order.
        let mut last_id = self.last_id.lock().unwrap_or_else(PoisonError::into_inner);
        *last_id += 1;
        let event = PublishedEvent { id: *last_id, at: Timestamp::now(), event };
        // The only error is that nobody listens.
        let _ = self.sender.send(Arc::new(event));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn listeners_hear_events_in_order() {
        let bus = EventBus::new();
        bus.publish(DomainEvent::BoxClaimed { username: "nobody hears".into() });
        let mut listener = bus.subscribe();
        for height in 1..=3 {
            bus.publish(DomainEvent::BlockConnected { height, hash: "00".into() });
        }
        for id in 2..=4 {
            assert_eq!(listener.recv().await.unwrap().id, id);
        }
    }
}
