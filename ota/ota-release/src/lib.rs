//! Releases, from the image to the folder that a server serves.
//!
//! A tool of whoever makes releases, never in an image. What a release is, and when a box believes it, is
//! [`ota_core`]'s; how a box checks it, [`ota_client`]'s. Here releases are made so that boxes take them, and
//! each command refuses what a box would refuse.
//!
//! ```text
//! rotate --add …          sign --signers …        rotate --publish       who signs, and how many it takes
//! make --image …          sign --board …          publish --board …      a release, signed by enough of them
//! verify                  bundle                  prune                  what is published
//! keys new                signer-certificate                             keys of signers
//! ```
//!
//! - [`repository`]: the folder, its releases and signer lists. [`flip`]: how a document and its signatures
//!   are replaced.
//! - [`make`], [`sign`], [`verify`], [`publish`], [`rotate`], [`bundle`], [`prune`]: a command each.
//! - [`openpgp`]: keys that sign, from a file or, through the HAL, in an HSM ([`token`]).
//! - [`image_folder`]: what is released.
//!
//! # Design
//!
//! A release is staged in a folder of its own, `<channel>/<board>/<version>/`, and gets one signature after
//! another there, by people who need not meet. Publishing is one rename. The time is an argument
//! everywhere; [`clock`] tells it.
//!
//! # Limits
//!
//! One command works in a repository at a time. Signatures are of OpenPGP version 4.

mod chunks;
mod error;
mod served;
mod trust;

pub mod bundle;
pub mod clock;
pub mod flip;
pub mod image_folder;
pub mod make;
pub mod openpgp;
pub mod prune;
pub mod publish;
pub mod repository;
pub mod rotate;
pub mod sign;
pub mod token;
pub mod verify;

pub use error::{ReleaseError, Result};
pub use trust::Tally;
