//! The chain of hashes: what is hashed, and whether a chain holds.

use aws_lc_rs::digest;
use serde::Serialize;

use super::{AuditEntry, ChainHash};

/// The `previous_hash` of the first entry: 32 zero bytes.
pub const GENESIS: ChainHash = ChainHash([0; 32]);

/// Begins every hashed encoding, so that it is no valid encoding of anything else.
const DOMAIN: &[u8] = b"anya-audit-v1";

/// The hash that an entry must carry: SHA-256 over the concatenation of
///
/// 1. the 13 ASCII bytes `anya-audit-v1`;
/// 2. `previous_hash`, 32 bytes (zeros in entry 1);
/// 3. `sequence`, 8 bytes, unsigned, big-endian;
/// 4. `at` as microseconds since 1970-01-01T00:00:00Z, 8 bytes, two's complement, big-endian;
/// 5. the texts `actor`, `action`, `subject`, `outcome` (`ok`, `denied` or `failed`);
/// 6. one byte 0 where `request_id` is null, else one byte 1 and the text `request_id`;
/// 7. the number of members of `detail`, 4 bytes, big-endian, then each member's name and value as
///    texts, ascending by the bytes of the name.
///
/// A text is the number of its bytes in UTF-8, 4 bytes, big-endian, and those bytes.
pub fn entry_hash(entry: &AuditEntry) -> ChainHash {
    let mut bytes = Vec::with_capacity(256);
    bytes.extend_from_slice(DOMAIN);
    bytes.extend_from_slice(&entry.previous_hash.0);
    bytes.extend_from_slice(&entry.sequence.to_be_bytes());
    bytes.extend_from_slice(&entry.at.as_microsecond().to_be_bytes());
    for text in [&entry.actor, &entry.action, &entry.subject] {
        push_text(&mut bytes, text);
    }
    push_text(&mut bytes, entry.outcome.name());
    bytes.push(u8::from(entry.request_id.is_some()));
    if let Some(request_id) = &entry.request_id {
        push_text(&mut bytes, request_id);
    }
    push_length(&mut bytes, entry.detail.len());
    for (name, value) in &entry.detail {
        push_text(&mut bytes, name);
        push_text(&mut bytes, value);
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, &bytes).as_ref());
    ChainHash(hash)
}

fn push_text(bytes: &mut Vec<u8>, text: &str) {
    push_length(bytes, text.len());
    bytes.extend_from_slice(text.as_bytes());
}

fn push_length(bytes: &mut Vec<u8>, length: usize) {
    let length = u32::try_from(length).expect("texts of the audit log are far below 4 GiB");
    bytes.extend_from_slice(&length.to_be_bytes());
}

/// Whether a chain holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChainReport {
    /// Whether every entry fits.
    pub intact: bool,
    /// How many entries there are.
    pub entries: u64,
    /// The hash of the newest entry; [`GENESIS`] when there is none.
    pub head: ChainHash,
    /// The number of the first entry that is missing, was changed or does not fit.
    pub first_broken: Option<u64>,
}

/// Checks a chain entry by entry, in ascending order, from the first.
#[derive(Clone, Debug)]
pub struct ChainVerifier {
    entries: u64,
    head: ChainHash,
    first_broken: Option<u64>,
}

impl Default for ChainVerifier {
    fn default() -> Self {
        Self { entries: 0, head: GENESIS, first_broken: None }
    }
}

impl ChainVerifier {
    /// Takes the next entry.
    pub fn push(&mut self, entry: &AuditEntry) {
        let expected = self.entries + 1;
        let fits =
            entry.sequence == expected && entry.previous_hash == self.head && entry.hash == entry_hash(entry);
        self.entries = expected;
        self.head = entry.hash;
        if !fits {
            self.break_at(expected);
        }
    }

    /// Takes the place of an entry that cannot be read.
    pub fn push_unreadable(&mut self) {
        self.entries += 1;
        self.break_at(self.entries);
    }

    /// Notes that entry number `sequence` is not what it was.
    pub fn break_at(&mut self, sequence: u64) {
        self.first_broken.get_or_insert(sequence);
    }

    /// What was found.
    pub fn report(&self) -> ChainReport {
        let Self { entries, head, first_broken } = *self;
        ChainReport { intact: first_broken.is_none(), entries, head, first_broken }
    }
}

/// Checks a whole chain, given in ascending order from the first entry.
pub fn verify_chain<'a>(entries: impl IntoIterator<Item = &'a AuditEntry>) -> ChainReport {
    let mut verifier = ChainVerifier::default();
    entries.into_iter().for_each(|entry| verifier.push(entry));
    verifier.report()
}

#[cfg(test)]
mod tests;
