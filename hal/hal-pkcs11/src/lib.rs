//! PKCS#11 tokens as the box's hardware ports: real HSMs, smart cards, and SoftHSM.
//!
//! # Design
//!
//! - [`open`] loads the module, finds the token by its label (or makes it), logs in once, and returns
//!   the ports. Slot numbers are never kept in configuration: SoftHSM changes them.
//! - Sessions come from a pool that grows to a bound; a call that finds none free waits a bounded time
//!   and then fails with `Busy`. No lock is held while the token signs: a session belongs to one call.
//! - Handles of key objects are cached by key id, so that signing searches for nothing.
//! - When the module says that the session, the login or the token is gone, the pool logs in anew once
//!   and the call is repeated once.
//! - `error_map` is the one place where return codes become [`hal_api::HalErrorKind`].
//!
//! # Limits
//!
//! - One [`hal_api::Token`] per token and process: logging in is per process in PKCS#11. A second
//!   [`open`] of the same token is refused until the first is closed.
//! - Schemes that want a digest get `CKM_ECDSA`, `CKM_RSA_PKCS` and `CKM_RSA_PKCS_PSS`, because
//!   SoftHSM and many cards refuse the hashing mechanisms.
//! - A call into a module that hangs cannot be interrupted.
//!
//! # Example
//!
//! ```no_run
//! # use zeroize::Zeroizing;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // At the very start of main, before any thread:
//! let conf = hal_pkcs11::softhsm::prepare(std::path::Path::new("/var/lib/anya/softhsm"))?;
//! hal_pkcs11::softhsm::set_environment(&conf)?;
//! // Later:
//! let module = hal_pkcs11::softhsm::find_module().ok_or("SoftHSM is not installed")?;
//! let config = hal_pkcs11::Pkcs11Config::new("softhsm", module, "anya", Zeroizing::new("2718".into()))
//!     .create_if_missing(Zeroizing::new("3141".into()));
//! let token = hal_pkcs11::open(config)?;
//! println!("{}", token.probe.info()?.model);
//! # Ok(())
//! # }
//! ```

mod config;
mod device;
mod error_map;
mod key_store;
mod key_template;
mod mechanism;
mod module;
mod object;
mod open;
mod plugged;
mod pool;
mod probe;
mod public_key;
pub mod raw_loop;
mod sealer;
mod signer;
pub mod softhsm;

pub use config::{NewToken, OpenError, Pkcs11Config};
pub use open::open;
pub use plugged::TokenModule;
