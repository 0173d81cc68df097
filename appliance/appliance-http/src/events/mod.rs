//! Domain events on their way to whoever listens.

mod bus;
mod sampler;

pub use bus::{EventBus, PublishedEvent};
pub(crate) use sampler::Sampler;
