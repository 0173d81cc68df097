//! The hardware vocabulary of the box: what a token, a key, a seal, a quote, an accelerator and a
//! board are, and the ports through which the rest of the box uses them.
//!
//! # Design
//!
//! - No I/O and no dependency on another crate of the workspace. Adapters (`hal-pkcs11`, `hal-tpm`,
//!   `hal-board`, `hal-sim`) implement the ports; `hal-conformance` is the suite each of them passes.
//! - Ports are split by role and object-safe. What a token can do is asked for
//!   ([`TokenProbe::capabilities`], the `Option`s of [`Token`]), never found out by failing.
//! - Ports take and return owned, serialisable values, so that an adapter over foreign code can live
//!   in a process of its own and a slow call can be abandoned.
//! - All calls block. The caller decides on which thread.
//!
//! # Limits
//!
//! Keys are the four kinds of [`KeyAlgorithm`]; private keys never cross a port.

mod accelerator;
mod algorithm;
mod attester;
mod board;
mod epoch_counter;
mod error;
mod key;
mod sealer;
mod service_manager;
mod signer;
mod token;
pub mod volume;

pub use accelerator::{Accelerator, AcceleratorKind, AcceleratorProbe};
pub use algorithm::{KeyAlgorithm, SignatureScheme};
pub use attester::{Attestation, Attester, PcrValue};
pub use board::{BoardReading, BoardSensors, Disk, Temperature};
pub use epoch_counter::{EpochCounter, MAX_STEP};
pub use error::{HalError, HalErrorKind, HalResult};
pub use key::{KeyEntry, KeyId, KeySpec, KeyStore, ParseKeyIdError, PublicKey};
pub use sealer::{SealPolicy, Sealed, Sealer};
pub use service_manager::ServiceManager;
pub use signer::{SignRequest, Signer};
pub use token::{
    AlgorithmSupport, Capabilities, PinTries, Token, TokenHealth, TokenInfo, TokenKind, TokenProbe,
};
