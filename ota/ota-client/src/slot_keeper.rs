//! The slot keeper, a program with rights over the disk, and how the service asks it.
//!
//! # Design
//!
//! The service fetches and assembles; it has no rights over disks, and nobody takes its word. The keeper
//! (`anya-slots`) decides what is believed, opens the slots, reads back what was written, and changes what
//! the boot loader starts. Both speak over a Unix socket: JSON objects, one on a line ([`protocol`]), and
//! descriptors that come with the line they belong to ([`Connection`]).
//!
//! A connection carries one request. An installation is a conversation ([`SlotInstall`]): as long as its
//! connection lives, nobody else changes anything; when it ends before its last step, what was written stays
//! in a slot without an entry, which the boot loader does not know.
//!
//! [`SlotKeeper`] is the service's side. Its calls block, each within a bound.
//!
//! # Example
//!
//! ```no_run
//! # use ota_client::slot_keeper::{SlotKeeper, SlotKeeperError};
//! # use ota_client::source::Evidence;
//! # fn assemble(_: &std::fs::File, _: &std::fs::File) -> std::fs::File { unimplemented!() }
//! # fn example(evidence: &Evidence) -> Result<(), SlotKeeperError> {
//! let keeper = SlotKeeper::at("/run/anya-slots/socket");
//! let channel = "stable".parse().expect("it is a name");
//! let believed = keeper.believe(&channel, evidence)?;
//! if !believed.nothing_new {
//!     let install = keeper.install(&channel, evidence, false)?;
//!     let kernel_image = assemble(install.root(), install.verity());
//!     install.finish(&kernel_image, &mut |step| println!("{step:?}"))?;
//!     keeper.restart()?;
//! }
//! # Ok(()) }
//! ```
//!
//! # Limits
//!
//! A request whose answer did not come in time may still have been carried out; asking for the status tells.

mod client;
mod connection;
mod error;
pub mod protocol;

pub use client::{ReadableSlots, SlotFiles, SlotInstall, SlotKeeper};
pub use connection::{Connection, WireError};
pub use error::SlotKeeperError;
