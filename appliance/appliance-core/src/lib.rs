//! The domain of the box: what each capability is, its rules, and the ports it needs. No I/O.
//!
//! # Design
//!
//! - One folder a capability: [`keys`], [`access`], [`audit`], [`node`], [`inference`], [`health`],
//!   [`update`].
//! - Rules are synchronous and take time and randomness as arguments or ports; adapters in layer 2
//!   implement the ports, `anyad` puts them together.
//! - What happens is told as a [`event::DomainEvent`] to an [`event::EventSink`].

pub mod access;
pub mod audit;
pub mod clock;
pub mod event;
pub mod fingerprint;
pub mod health;
pub mod inference;
pub mod keys;
pub mod label;
pub mod logs;
pub mod node;
pub mod page;
pub mod settings;
pub mod storage;
pub mod update;

#[cfg(test)]
mod doubles;
