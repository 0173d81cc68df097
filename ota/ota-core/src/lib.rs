//! The rules of updates, without I/O: what a release is, what of it is believed, and how it gets onto a box
//! that can lose its power at any moment.
//!
//! # Design
//!
//! Facts in, decisions out. No clock, no files, no network and no OpenPGP library: the caller hands in bytes,
//! digests, times, and what its OpenPGP library found about each signature. Parsers take `&[u8]`, never
//! panic, and are bounded by [`limits`].
//!
//! - [`manifest`], [`signers`], [`index`]: the files of a release, read and written; [`layout`]: their places.
//! - [`superblock`]: how the dm-verity tree of a root was made.
//! - [`bundle`]: a release in one file. [`transfer`]: what a server may do.
//! - [`trust`]: what is believed. [`trust::judge`] is the one way to an offer.
//! - [`slots`]: the two slots, the installation's steps, the boot loader's port, the health gate.
//! - [`schema`]: data and the versions that read it. [`life`]: where an update is, for the service and page.
//! - [`simulation`]: boot partitions in memory whose power can be cut, for tests.
//!
//! # The format of a release
//!
//! A repository is a folder of static files, which any HTTP server can serve:
//!
//! ```text
//! signers/1.json  signers/1.json.sig  signers/2.json …            the signer lists
//! <channel>/<board>/manifest.json  manifest.json.sig              what is current
//! <channel>/<board>/<version>/root.index  verity.index  uki.index the chunk index of each part
//! chunks/<first two digits>/<sha256 of the chunk>.zst             the chunks, zstd
//! ```
//!
//! - **JSON** is canonical (RFC 8785) and of a known set of fields ([`document`]). What is not byte for byte
//!   its own canonical form is refused: duplicate keys, floats, trailing bytes, unknown fields, each with its
//!   reason.
//! - **`.sig`** files hold one or more detached binary OpenPGP signatures (RFC 9580) over the document's
//!   bytes, as concatenated packets; `gpg --verify` takes them.
//! - **Signer list**: [`signers`]. Version N + 1 is signed by the threshold of N and by its own
//!   ([`trust::Rotation`]).
//! - **Manifest**: [`manifest`]. Signed by the threshold of the signer list that is current.
//! - **Chunk index**: [`index`]. Its digest is in the manifest, the chunks' digests are in it.
//! - A part's chunks, put together, have the part's digest in the manifest; the root and verity tree have its
//!   root hash; the kernel image's own signed command line has the same ([`manifest::KernelFacts`]).
//! - **Bundle**: a ustar archive of the same files in a fixed order ([`bundle`]).
//!
//! A repository keeps the chunks of the releases that are still current somewhere; a client fetches what
//! neither of its slots has.
//!
//! # Example
//!
//! ```no_run
//! use ota_core::manifest::Manifest;
//! use ota_core::trust::{Case, Refusal, Verdict, judge};
//! # fn example(document: &[u8], mut case: Case<'_>, store: fn(&ota_core::trust::Known)) -> Result<(), Refusal> {
//! let manifest = Manifest::parse(document)
//!     .map_err(|reason| Refusal::Document { what: "manifest", reason })?;
//! // `case` holds the signatures as the OpenPGP library found them, and the facts about the box.
//! let judgement = judge(&case)?;
//! store(&judgement.known); // before anything is done because of it
//! if let Verdict::Offer(offer) = judgement.verdict {
//!     assert_eq!(offer.version, manifest.version);
//! }
//! # Ok(()) }
//! ```

pub mod bundle;
pub mod digest;
pub mod document;
pub mod fingerprint;
pub mod identifier;
pub mod index;
pub mod layout;
pub mod life;
pub mod limits;
pub mod manifest;
pub mod schema;
pub mod signers;
pub mod simulation;
pub mod slots;
pub mod superblock;
pub mod transfer;
pub mod trust;
pub mod version;
