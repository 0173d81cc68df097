//! What the box has already: the chunks of the images in its slots.
//!
//! A seed is an image that is cut as releases are ([`crate::chunker`]), and remembered as a table: digest,
//! place and length, 48 bytes for each chunk; so 12 MB for 16 GB of images. A seed is never trusted: what is
//! read from it is checked against the digest that is wanted, and passed over when it has changed or cannot be
//! read.
//!
//! The slot that is written is a seed, too. It is written from its beginning to its end, so of its old content
//! there is what lies behind the place that is written at the time ([`Writing`]).

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt;

use ota_core::digest::Sha256;
use ota_core::index::Chunk;
use ota_core::manifest::PartKind;

use crate::chunker;
use crate::digest::sha256;
use crate::source::{Cancel, SourceError};

/// The images that chunks are taken from.
#[derive(Debug, Default)]
pub struct Seeds {
    images: Vec<Image>,
    /// Sorted by digest.
    table: Vec<Place>,
}

#[derive(Debug)]
struct Image {
    file: File,
    /// The part that is written into this very file.
    written: Option<PartKind>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    sha256: Sha256,
    offset: u64,
    length: u32,
    image: u32,
}

/// Where is written while a chunk is looked for. The parts are written in their order.
#[derive(Clone, Copy, Debug)]
pub struct Writing {
    /// Into the file of this part.
    pub part: PartKind,
    /// From this place on, in bytes; what lies before it is overwritten.
    pub offset: u64,
}

/// Where a seed has a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Where it is going to be written, so that it need not be.
    InPlace,
    /// Somewhere else.
    Elsewhere,
}

impl Seeds {
    /// Adds the first `length` bytes of an image that nobody writes.
    ///
    /// # Errors
    /// The file cannot be read to the end. What could be read is a seed all the same.
    pub fn add(&mut self, file: File, length: u64, cancel: &Cancel) -> Result<(), SourceError> {
        self.add_image(Image { file, written: None }, length, cancel)
    }

    /// Adds the first `length` bytes of the file that a part is going to be written into: another descriptor
    /// of it.
    ///
    /// # Errors
    /// As for [`Seeds::add`].
    pub fn add_target(
        &mut self,
        part: PartKind,
        file: File,
        length: u64,
        cancel: &Cancel,
    ) -> Result<(), SourceError> {
        self.add_image(Image { file, written: Some(part) }, length, cancel)
    }

    /// How many chunks there are, with repetitions.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether there is no chunk.
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    fn add_image(&mut self, image: Image, length: u64, cancel: &Cancel) -> Result<(), SourceError> {
        let number = u32::try_from(self.images.len()).expect("there are two slots, not billions");
        let added = self.cut(&image.file, number, length, cancel);
        self.images.push(image);
        self.table.sort_unstable();
        added
    }

    fn cut(&mut self, file: &File, image: u32, length: u64, cancel: &Cancel) -> Result<(), SourceError> {
        let unreadable = |source| SourceError::Read { name: "A seed".to_owned(), source };
        let reader = BufReader::with_capacity(1 << 20, At { file, offset: 0 }.take(length));
        for piece in chunker::pieces(reader) {
            cancel.check()?;
            let piece = piece.map_err(unreadable)?;
            let length = u32::try_from(piece.bytes.len()).expect("a chunk is at most 256 KiB");
            self.table.push(Place { sha256: sha256(&piece.bytes), offset: piece.offset, length, image });
        }
        Ok(())
    }

    /// Where a chunk seems to be while this is written; `None` when no seed has it.
    pub fn find(&self, chunk: &Chunk, writing: Writing) -> Option<Found> {
        self.places(chunk, writing).next().map(|place| self.found(place, writing))
    }

    /// Reads a chunk, checked; `None` when no seed has it (any more).
    pub fn read(&self, chunk: &Chunk, writing: Writing) -> Option<(Found, Vec<u8>)> {
        self.places(chunk, writing).find_map(|place| {
            let image = &self.images[place.image as usize];
            let bytes = read_chunk(&image.file, place.offset, chunk)?;
            Some((self.found(place, writing), bytes))
        })
    }

    /// The places of a chunk, of which the one that it is going to be written to is the first.
    fn places(&self, chunk: &Chunk, writing: Writing) -> impl Iterator<Item = &Place> {
        let wanted = *chunk;
        let begin = self.table.partition_point(|place| place.sha256 < wanted.sha256);
        let same = move || {
            let table = self.table[begin..].iter();
            table
                .take_while(move |place| place.sha256 == wanted.sha256 && place.length == wanted.length)
                .filter(move |place| self.is_readable(place, writing))
        };
        let of = move |place: &&Place, found| self.found(place, writing) == found;
        let in_place = same().filter(move |place| of(place, Found::InPlace));
        in_place.chain(same().filter(move |place| of(place, Found::Elsewhere)))
    }

    fn is_readable(&self, place: &Place, writing: Writing) -> bool {
        self.images[place.image as usize].written.is_none_or(|part| {
            part > writing.part || (part == writing.part && place.offset >= writing.offset)
        })
    }

    fn found(&self, place: &Place, writing: Writing) -> Found {
        let written = self.images[place.image as usize].written;
        let in_place = written == Some(writing.part) && place.offset == writing.offset;
        if in_place { Found::InPlace } else { Found::Elsewhere }
    }
}

/// Reads a chunk at a place of a file; `None` when something else is there.
pub(crate) fn read_chunk(file: &File, offset: u64, chunk: &Chunk) -> Option<Vec<u8>> {
    let mut bytes = vec![0; chunk.length as usize];
    file.read_exact_at(&mut bytes, offset).ok()?;
    (sha256(&bytes) == chunk.sha256).then_some(bytes)
}

/// Reads a file from a place on, without moving the position that its other descriptors share.
struct At<'a> {
    file: &'a File,
    offset: u64,
}

impl Read for At<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read_at(buffer, self.offset)?;
        self.offset += length as u64;
        Ok(length)
    }
}
