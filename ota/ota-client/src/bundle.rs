//! A release in one file, read forwards and once ([`ota_core::bundle`]).
//!
//! Every entry is named to the rules of `ota-core` before its content is read; what is not asked for is passed
//! over in bounded memory. Kept are the three chunk indexes, as the chunks are known from them. No name in a
//! bundle is used as a path. To read it again, open it anew.

mod ustar;

use std::io::{self, Read};

use ota_core::bundle::{Bundle, BundleError, Item};
use ota_core::identifier::Identifier;
use ota_core::index::{Chunk, ChunkIndex};
use ota_core::layout;
use ota_core::manifest::{Manifest, PartKind};
use ota_core::trust::Refusal;

use crate::digest::sha256;
use crate::source::{Cancel, Signed, Source, SourceError};
use ustar::BLOCK;

/// A bundle that is being read.
#[derive(Debug)]
pub struct BundleFile<R> {
    file: R,
    cancel: Cancel,
    rules: Bundle,
    /// The entry whose header was read, and its content not yet.
    at: Option<Entry>,
    /// The bytes between here and the next header, of a content that was read.
    padding: u64,
    /// Whether all before the indexes is behind, and the rules know the manifest.
    begun_parts: bool,
    indexes: [Option<Vec<u8>>; 3],
}

#[derive(Debug)]
struct Entry {
    item: Item,
    size: u64,
}

impl<R: Read> BundleFile<R> {
    /// The bundle in a file, which is read in blocks of 512 bytes and larger: buffer it.
    pub fn new(file: R, cancel: Cancel) -> Self {
        Self {
            file,
            cancel,
            rules: Bundle::default(),
            at: None,
            padding: 0,
            begun_parts: false,
            indexes: [None, None, None],
        }
    }

    /// What comes next; `None` at the end.
    fn peek(&mut self) -> Result<Option<Item>, SourceError> {
        if self.at.is_none() {
            self.cancel.check()?;
            self.pass(self.padding)?;
            self.padding = 0;
            let Some(header) = ustar::read_header(&mut self.file).map_err(damaged)? else {
                self.rules.end().map_err(refused)?;
                return Ok(None);
            };
            let item = self.rules.entry(&header.name, header.kind, header.size).map_err(refused)?;
            self.at = Some(Entry { item, size: header.size });
        }
        Ok(self.at.as_ref().map(|entry| entry.item.clone()))
    }

    /// The content of what comes next. The rules have bounded its size.
    fn take(&mut self) -> Result<Vec<u8>, SourceError> {
        let Some(entry) = self.at.take() else { return Ok(Vec::new()) };
        let mut content = Vec::with_capacity(usize::try_from(entry.size).unwrap_or(0));
        (&mut self.file).take(entry.size).read_to_end(&mut content).map_err(unreadable)?;
        self.padding = entry.size.next_multiple_of(BLOCK as u64) - entry.size;
        let received = content.len() as u64;
        if received < entry.size {
            return Err(Refusal::Truncated { expected: entry.size, received }.into());
        }
        Ok(content)
    }

    /// What comes next is not wanted.
    fn pass_over(&mut self) -> Result<(), SourceError> {
        if let Some(entry) = self.at.take() {
            self.pass(entry.size)?;
            self.padding = entry.size.next_multiple_of(BLOCK as u64) - entry.size;
        }
        Ok(())
    }

    fn pass(&mut self, bytes: u64) -> Result<(), SourceError> {
        let passed = io::copy(&mut (&mut self.file).take(bytes), &mut io::sink()).map_err(unreadable)?;
        if passed < bytes {
            return Err(Refusal::Truncated { expected: bytes, received: passed }.into());
        }
        Ok(())
    }

    /// A document, which comes next, and its signatures, which follow it.
    fn signed(&mut self) -> Result<Signed, SourceError> {
        let document = self.take()?;
        self.peek()?;
        Ok(Signed { document, signatures: self.take()? })
    }

    /// Goes on to the indexes, over all that was not asked for.
    fn begin_parts(&mut self, manifest: &Manifest) -> Result<(), SourceError> {
        while !self.begun_parts {
            // Behind the manifest's signatures the rules want the manifest before another entry.
            if self.at.is_none() && self.rules.manifest(manifest).is_ok() {
                self.begun_parts = true;
            } else if self.peek()?.is_some() {
                self.pass_over()?;
            }
        }
        Ok(())
    }

    /// Reads an index, which comes next.
    fn read_index(&mut self, manifest: &Manifest, part: PartKind) -> Result<(), SourceError> {
        let index = self.take()?;
        if sha256(&index) != manifest.part(part).index.sha256 {
            return Err(Refusal::OtherContent { what: format!("The chunk index of {}", part.name()) }.into());
        }
        self.indexes[part as usize] = Some(index);
        if part == PartKind::Uki {
            let mut chunks = Vec::new();
            for (part, index) in PartKind::ALL.iter().zip(&self.indexes) {
                let index = index.as_deref().unwrap_or_default();
                chunks.extend(ChunkIndex::parse(index, manifest.part(*part).image.size)?.chunks());
            }
            self.rules.chunks(chunks).map_err(refused)?;
        }
        Ok(())
    }
}

impl<R: Read> Source for BundleFile<R> {
    fn signer_list(&mut self, version: u64) -> Result<Option<Signed>, SourceError> {
        loop {
            match self.peek()? {
                Some(Item::SignerList(found)) if found == version => return self.signed().map(Some),
                Some(Item::SignerList(found)) if found < version => self.pass_over()?,
                Some(Item::SignerListSignatures(_)) => self.pass_over()?,
                _ => return Ok(None),
            }
        }
    }

    fn manifest(
        &mut self,
        _channel: &Identifier,
        _board: &Identifier,
    ) -> Result<Option<Signed>, SourceError> {
        loop {
            match self.peek()? {
                Some(Item::Manifest) => return self.signed().map(Some),
                Some(Item::SignerList(_) | Item::SignerListSignatures(_)) => self.pass_over()?,
                _ => return Ok(None),
            }
        }
    }

    fn index(&mut self, manifest: &Manifest, part: PartKind) -> Result<Vec<u8>, SourceError> {
        self.begin_parts(manifest)?;
        while self.indexes[part as usize].is_none() {
            match self.peek()? {
                Some(Item::Index(found)) => self.read_index(manifest, found)?,
                _ => return Err(SourceError::Missing(layout::index(manifest, part))),
            }
        }
        Ok(self.indexes[part as usize].clone().unwrap_or_default())
    }

    fn chunk(&mut self, chunk: &Chunk) -> Result<Vec<u8>, SourceError> {
        loop {
            match self.peek()? {
                Some(Item::Chunk(found)) if found == *chunk => return self.take(),
                Some(Item::Chunk(_)) => self.pass_over()?,
                _ => return Err(SourceError::Missing(layout::chunk(&chunk.sha256))),
            }
        }
    }
}

fn refused(reason: BundleError) -> SourceError {
    Refusal::Bundle { reason }.into()
}

fn unreadable(source: io::Error) -> SourceError {
    SourceError::Read { name: "The bundle".to_owned(), source }
}

fn damaged(error: io::Error) -> SourceError {
    match error.kind() {
        io::ErrorKind::InvalidData => refused(BundleError::Damaged),
        _ => unreadable(error),
    }
}
