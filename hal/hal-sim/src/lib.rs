//! A token in software whose failures are written by the test: slow, busy, pulled out half-way.
//!
//! # Design
//!
//! [`open`] gives a [`hal_api::Token`] with every port, and a [`SimHandle`] that says what goes wrong
//! when. The token's content belongs to the handle: closing the token and asking the handle for a new one
//! is what unplugging and replugging is to a real device. Cryptography is real (aws-lc-rs), so what it
//! signs verifies anywhere; it passes the same conformance suite as SoftHSM and the TPM.
//!
//! # Limits
//!
//! Never in production: keys lie in memory in the clear and end with the process.
//!
//! # Example
//!
//! ```
//! use hal_api::{HalErrorKind, KeyAlgorithm, KeyId, KeySpec};
//! use hal_sim::{Fault, Operation};
//!
//! let (token, sim) = hal_sim::open("sim");
//! sim.fail_next(Operation::Generate, Fault::Kind(HalErrorKind::Full));
//! let spec = KeySpec { id: KeyId([1; 16]), algorithm: KeyAlgorithm::P256, label: "a".into() };
//! assert_eq!(token.keys.generate(&spec).unwrap_err().kind, HalErrorKind::Full);
//! assert!(token.keys.generate(&spec).is_ok());
//! ```

mod attester;
mod epoch_counter;
mod fault;
mod key;
mod key_store;
mod probe;
mod sealer;
mod signer;
mod sim;
mod volume;

pub use epoch_counter::SimEpochCounter;
pub use fault::{Fault, Hold, Operation};
pub use sim::{SimHandle, open};
pub use volume::{SimVolume, VolumeAct};
