//! Fetches updates, verifies them, and assembles them in the other slot.
//!
//! # Design
//!
//! The rules are `ota-core`'s; here is the I/O that they need, and the OpenPGP library. Nothing here knows a
//! device or a mount point: whoever calls hands in files, folders and addresses. So one library serves both
//! sides of an update:
//!
//! - the **service**, which has no rights over disks: it [checks](check), [plans and
//!   assembles](assemble::Plan) into descriptors that were handed to it, from a [source] and from
//!   [seeds](seed);
//! - the **program with rights**, which checks again what the service shows it
//!   ([`Evidence`](source::Evidence)), reads back what was written ([`verity`], [`readback`]), looks into the
//!   kernel image ([`kernel_image`]) and installs it in the boot loader's [folder](boot_folder).
//!
//! | module | what it does |
//! |---|---|
//! | [`openpgp`] | what an OpenPGP library finds about certificates and signatures |
//! | [`source`], [`bundle`] | where releases come from: a server, a folder, one file |
//! | [`check`] | from a source to an offer |
//! | [`chunker`], [`seed`] | what the box has already |
//! | [`index`], [`assemble`], [`unpack`] | puts the parts of a release together, and fetches what is missing |
//! | [`verity`], [`readback`], [`kernel_image`] | what was written is what was signed |
//! | [`kept`], [`release`] | a release from its index to a slot, resumable |
//! | [`room`], [`boot_folder`], [`gpt`] | the places for it |
//! | [`slot_keeper`] | how the service asks the program with rights |
//!
//! # Invariants
//!
//! - What comes from outside is bounded before it is read and checked before it is written.
//! - What is believed is stored before anything is done because of it ([`check::check`]).
//! - Memory: a handful of chunks, and 48 bytes for each chunk of a seed or an index.
//!
//! # Limits
//!
//! Chunks are fetched one after another over one connection: the time for a release is at least a round trip
//! for each chunk that is missing.

pub mod assemble;
pub mod bundle;
pub mod check;
pub mod chunker;
pub mod index;
pub mod kept;
pub mod kernel_image;
pub mod openpgp;
pub mod release;
pub mod seed;
pub mod slot_keeper;
pub mod source;
pub mod unpack;
pub mod verity;

pub use ota_boot::{boot_folder, digest, fat, fsck, gpt, readback, room};
