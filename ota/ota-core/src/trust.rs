//! What is believed: signatures, time, versions and epochs, as TUF describes it, in OpenPGP's terms.
//!
//! # Design
//!
//! Facts in, decision out. The caller reads documents, checks signatures with its OpenPGP library and asks
//! the clock; here it is decided what follows. A refusal is one of [`Refusal`]'s variants, in words for the
//! owner and with a [`Refusal::code`] that stays the same. What was refused changes nothing: the functions
//! return the new state beside their result, and what is not returned cannot be stored (python-tuf
//! CVE-2020-15163 trusted later what it had refused).
//!
//! - [`Signers`](crate::signers::Signers) and [`Signature`]: who signed. Counted are people, not signatures.
//! - [`Rotation`]: from the signer list that is trusted to a newer one.
//! - [`Clock`]: what time it is at least, on a box whose clock may be wrong.
//! - [`judge`]: whether a release may be installed; [`Known`]: what the box remembers for that.

mod clock;
mod judge;
mod known;
mod refusal;
mod rotation;
mod signatures;

pub use clock::{Clock, FAR_AHEAD};
pub use judge::{BoardFacts, Case, Judgement, Offer, Room, Verdict, judge};
pub use known::{ChannelSeen, Known, SetAside};
pub use refusal::Refusal;
pub use rotation::Rotation;
pub use signatures::{Finding, Signature, count};
