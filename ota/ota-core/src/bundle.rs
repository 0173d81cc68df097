//! The bundle: a release in one file, for boxes without a network (`anya-1.2.3-qemu-x86_64.update`).
//!
//! It is a POSIX ustar archive of a repository's files under their own paths ([`crate::layout`]), so that
//! `tar -t` lists it. Regular files only, and in one order:
//!
//! 1. signer lists, consecutive, each with its signatures (none at all is as good),
//! 2. the manifest and its signatures,
//! 3. the chunk indexes of root, verity and kernel image,
//! 4. the chunks, each once, in the order in which they are first used in these parts.
//!
//! So it is read once, forwards, in bounded memory, and every entry is known before it comes: its name, and
//! from the manifest on its exact size. [`Bundle`] is told of each entry's header before its content is
//! read. What it is not expecting ends it; nothing is searched for, and no name from a bundle is ever used as
//! a path.
//!
//! ```
//! use ota_core::bundle::{Bundle, EntryKind, Item};
//!
//! let mut bundle = Bundle::default();
//! let item = bundle.entry("stable/qemu-x86_64/manifest.json", EntryKind::File, 1200)?;
//! assert_eq!(item, Item::Manifest);
//! assert!(bundle.entry("../../etc/passwd", EntryKind::File, 10).is_err());
//! # Ok::<(), ota_core::bundle::BundleError>(())
//! ```

mod file_name;
mod name;

use std::collections::BTreeMap;

use thiserror::Error;

use crate::index::Chunk;
use crate::layout;
use crate::limits;
use crate::manifest::{Manifest, PartKind};
use name::Name;

pub use file_name::{BadFileName, FileName};

/// What kind of entry the archive's header says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A hard or symbolic link.
    Link,
    /// A device or a FIFO.
    Device,
    /// A folder, an extended header, and everything else.
    Other,
}

/// What an entry is that was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// The signer list of this version.
    SignerList(u64),
    /// The signatures over the signer list of this version.
    SignerListSignatures(u64),
    /// The manifest; goes to [`Bundle::manifest`] once it is believed.
    Manifest,
    /// The signatures over the manifest.
    ManifestSignatures,
    /// The chunk index of a part.
    Index(PartKind),
    /// A chunk.
    Chunk(Chunk),
}

/// Why an entry, or the bundle's end, is not what a bundle has there.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "each variant's text says what it is, and the fields are named in it")]
pub enum BundleError {
    #[error("the name {0:?} leads out of the bundle")]
    PathTraversal(String),
    #[error("the name {0:?} is absolute")]
    AbsolutePath(String),
    #[error("{0:?} is a link")]
    Link(String),
    #[error("{0:?} is a device")]
    Device(String),
    #[error("{0:?} is not a file")]
    NotAFile(String),
    #[error("nothing in a bundle is called {0:?}")]
    UnknownName(String),
    #[error("{0:?} is there twice")]
    Duplicate(String),
    #[error("{found:?} comes where {expected:?} should")]
    OutOfOrder { expected: String, found: String },
    #[error("{name:?} has {size} bytes; {limit} are expected at most")]
    TooLarge { name: String, size: u64, limit: u64 },
    #[error("{name:?} has {size} bytes instead of {expected}")]
    OtherSize { name: String, size: u64, expected: u64 },
    #[error("the manifest is not of the board and channel of its place")]
    OtherPlace,
    #[error("one chunk is listed with two sizes")]
    OneChunkTwoSizes,
    #[error("it ends before {0:?}")]
    Incomplete(String),
    #[error("it is damaged, or not a tar archive")]
    Damaged,
}

impl BundleError {
    /// The reason in one word, which stays the same.
    pub fn code(&self) -> &'static str {
        match self {
            Self::PathTraversal(_) => "bundle_path_traversal",
            Self::AbsolutePath(_) => "bundle_absolute_path",
            Self::Link(_) => "bundle_link",
            Self::Device(_) => "bundle_device",
            Self::NotAFile(_) => "bundle_not_a_file",
            Self::UnknownName(_) => "bundle_unknown_name",
            Self::Duplicate(_) => "bundle_duplicate",
            Self::OutOfOrder { .. } => "bundle_out_of_order",
            Self::TooLarge { .. } => "bundle_entry_too_large",
            Self::OtherSize { .. } => "bundle_other_size",
            Self::OtherPlace => "bundle_other_place",
            Self::OneChunkTwoSizes => "bundle_one_chunk_two_sizes",
            Self::Incomplete(_) => "bundle_incomplete",
            Self::Damaged => "bundle_damaged",
        }
    }
}

/// Where the reading of a bundle is.
#[derive(Clone, Debug, Default)]
pub struct Bundle {
    /// The version of the last signer list, if there was one.
    signers: Option<u64>,
    /// The path of the manifest, once it came.
    manifest: Option<String>,
    /// What comes next, as far as it is known.
    expected: Vec<Expected>,
    /// How many of these came.
    came: usize,
    /// What the caller has to say before more can be expected.
    waits_for: Waits,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Waits {
    #[default]
    Entries,
    Manifest,
    Chunks,
    Nothing,
}

#[derive(Clone, Debug)]
struct Expected {
    name: String,
    size: Size,
    item: Item,
}

#[derive(Clone, Copy, Debug)]
enum Size {
    AtMost(usize),
    Exactly(u64),
}

impl Bundle {
    /// What the next entry is. Its content is to be read only when this is not refused; `size` is what its
    /// header says, in bytes.
    ///
    /// # Errors
    /// Whatever is not the entry that comes next. The bundle is refused then, whole.
    pub fn entry(&mut self, name: &str, kind: EntryKind, size: u64) -> Result<Item, BundleError> {
        let form = name::check(name, kind)?;
        if let Some(expected) = self.expected.get(self.came) {
            let item = expected.take(name, size).map_err(|error| self.twice_or(name, error))?;
            self.came += 1;
            if self.came == self.expected.len() && item == Item::ManifestSignatures {
                self.waits_for = Waits::Manifest;
            } else if self.came == self.expected.len() && item == Item::Index(PartKind::Uki) {
                self.waits_for = Waits::Chunks;
            }
            return Ok(item);
        }
        if self.waits_for != Waits::Entries {
            return Err(self.twice_or(name, out_of_order("the end", name)));
        }
        self.head(name, &form, size)
    }

    /// A signer list or the manifest: which of them comes is not known before.
    fn head(&mut self, name: &str, form: &Name, size: u64) -> Result<Item, BundleError> {
        let next = self.signers.map(|version| version.saturating_add(1));
        let (item, limit, signatures) = match form {
            Name::SignerList(version) if next.is_none_or(|next| next == *version) => {
                self.signers = Some(*version);
                let signatures = Item::SignerListSignatures(*version);
                (Item::SignerList(*version), limits::SIGNER_LIST, signatures)
            }
            Name::Manifest => {
                self.manifest = Some(name.to_owned());
                (Item::Manifest, limits::MANIFEST, Item::ManifestSignatures)
            }
            _ => {
                let expected = next.map_or_else(|| "manifest.json".to_owned(), layout::signer_list);
                return Err(self.twice_or(name, out_of_order(&expected, name)));
            }
        };
        let this = Expected { name: name.to_owned(), size: Size::AtMost(limit), item };
        let item = this.take(name, size)?;
        self.expected.push(this);
        self.came += 1;
        let size = Size::AtMost(limits::SIGNATURES);
        self.expected.push(Expected { name: layout::signatures(name), size, item: signatures });
        Ok(item)
    }

    /// The manifest is believed: its indexes are expected from now on.
    ///
    /// # Errors
    /// It lies in the place of another board or channel, or it is not the time for it.
    pub fn manifest(&mut self, manifest: &Manifest) -> Result<(), BundleError> {
        let place = layout::manifest(&manifest.channel, &manifest.board);
        if self.waits_for != Waits::Manifest {
            return Err(out_of_order(&self.next_name(), &place));
        }
        if self.manifest.as_deref() != Some(&place) {
            return Err(BundleError::OtherPlace);
        }
        self.expected.extend(PartKind::ALL.iter().map(|&kind| Expected {
            name: layout::index(manifest, kind),
            size: Size::Exactly(manifest.part(kind).index.size),
            item: Item::Index(kind),
        }));
        self.waits_for = Waits::Entries;
        Ok(())
    }

    /// The indexes are read: the chunks of root, verity and kernel image, in this order, with repetitions.
    ///
    /// # Errors
    /// One chunk with two sizes, or it is not the time for it.
    pub fn chunks(&mut self, chunks: impl IntoIterator<Item = Chunk>) -> Result<(), BundleError> {
        if self.waits_for != Waits::Chunks {
            return Err(out_of_order(&self.next_name(), "the chunks"));
        }
        let mut known = BTreeMap::new();
        for chunk in chunks {
            match known.insert(chunk.sha256, chunk) {
                Some(same) if same == chunk => {}
                Some(_) => return Err(BundleError::OneChunkTwoSizes),
                None => self.expected.push(Expected {
                    name: layout::chunk(&chunk.sha256),
                    size: Size::Exactly(chunk.compressed.into()),
                    item: Item::Chunk(chunk),
                }),
            }
        }
        self.waits_for = Waits::Nothing;
        Ok(())
    }

    /// The archive ends here.
    ///
    /// # Errors
    /// Something is missing.
    pub fn end(&self) -> Result<(), BundleError> {
        if self.waits_for == Waits::Nothing && self.came == self.expected.len() {
            Ok(())
        } else {
            Err(BundleError::Incomplete(self.next_name()))
        }
    }

    fn next_name(&self) -> String {
        self.expected.get(self.came).map_or_else(|| "manifest.json".to_owned(), |next| next.name.clone())
    }

    /// The error, unless the entry was there before, which says more.
    fn twice_or(&self, name: &str, error: BundleError) -> BundleError {
        let before = self.expected[..self.came].iter().any(|came| came.name == name);
        if before { BundleError::Duplicate(name.to_owned()) } else { error }
    }
}

impl Expected {
    fn take(&self, name: &str, size: u64) -> Result<Item, BundleError> {
        if name != self.name {
            return Err(out_of_order(&self.name, name));
        }
        match self.size {
            Size::AtMost(limit) if size > limit as u64 => {
                Err(BundleError::TooLarge { name: name.to_owned(), size, limit: limit as u64 })
            }
            Size::Exactly(expected) if size != expected => {
                Err(BundleError::OtherSize { name: name.to_owned(), size, expected })
            }
            _ => Ok(self.item.clone()),
        }
    }
}

fn out_of_order(expected: &str, found: &str) -> BundleError {
    BundleError::OutOfOrder { expected: expected.to_owned(), found: found.to_owned() }
}

#[cfg(test)]
mod tests;
