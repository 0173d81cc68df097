//! TPM 2.0 as the box's hardware ports: keys, sealing to the machine's state, attestation.
//!
//! # Design
//!
//! - A TPM does one thing at a time and holds three loaded objects. So one thread owns the connection
//!   (`actor`); calls wait for it in a bounded queue, a full queue is `Busy`, a late answer `Timeout`.
//!   Of the three places the storage key takes one, and the two last used keys take the others.
//! - Keys are children of a storage primary that the TPM derives anew from its owner seed. Their
//!   encrypted blobs lie in a folder of the caller, one file each (`key_folder`), so the number of keys
//!   is not bound by the TPM's memory. The attestation key is a primary of the endorsement hierarchy:
//!   the same for the life of the TPM, and in no file.
//! - The security epoch is in the TPM's own memory ([`NvEpochCounter`]), over a connection of its own: the program
//!   that counts it is another one than the service.
//! - When the connection breaks or the TPM was reset, the next step connects anew and runs once more.
//!
//! # Authorisation
//!
//! Keys have an empty authorisation value. A random one would have to lie beside the blob, where who
//! reads the one reads the other; what protects a key is the TPM it is bound to, the device node's
//! permissions and the folder's mode. It follows that
//!
//! - signing authorises by password: nothing in the command is secret, and an HMAC session costs
//!   a factor of six to nine (2,038 signatures/s against 220–350 on swtpm);
//! - sealing and unsealing run in an HMAC or policy session salted to the storage key, with AES-128-CFB
//!   over the secret, because there a probe on the bus would read it (TPM 2.0 part 1, sections 19 and 21);
//! - nothing takes part in dictionary-attack lockout (`noDA`): there is no value to guess, and others'
//!   wrong guesses must not lock the box out.
//!
//! # Limits
//!
//! - P-256 and RSA-2048. A TPM that someone cleared makes other primaries: its blobs no longer load.
//! - PSS with a salt of 32 bytes is what TPMs since revision 1.38 and libtpms make. Older ones use the
//!   longest salt, which verifiers that take any salt accept and others do not.
//! - Pulling the power off a TPM in the middle of a call loses that call and nothing else: but for the epoch,
//!   the box keeps no state in the TPM's memory.

mod actor;
mod attester;
mod config;
mod connection;
mod epoch_counter;
mod error_map;
mod key_folder;
mod key_store;
mod open;
mod probe;
mod public_area;
mod sealer;
mod signer;
pub mod swtpm;
pub mod tss_log;

pub use config::{OpenError, TpmConfig};
pub use epoch_counter::{BASE as EPOCH_BASE, COUNTER as EPOCH_COUNTER, NvEpochCounter};
pub use open::open;
