//! The superblock of a dm-verity tree, which says how the tree was made. Nothing vouches for it but the root hash: with
//! another salt no block has its digest.
//!
//! `struct verity_sb` of cryptsetup's lib/verity/verity.c, little-endian:
//!
//! ```text
//! offset  size
//! 0       8     "verity\0\0"
//! 8       4     the version of the superblock: 1
//! 12      4     the hash type: 1 (0 was Chrome OS's)
//! 16      16    a UUID
//! 32      32    the hash's name, filled up with zeros: "sha256"
//! 64      4     the length of a data block
//! 68      4     the length of a hash block
//! 72      8     the number of data blocks
//! 80      2     the length of the salt, at most 256
//! 88      256   the salt, filled up with zeros
//! 344     168   zeros
//! ```

use thiserror::Error;

/// The length of a block in bytes, of data and of the tree.
pub const BLOCK: usize = 4096;
/// The length of a superblock in bytes.
pub const LENGTH: usize = 512;
const MAGIC: &[u8; 8] = b"verity\0\0";
const SALT: usize = 256;

/// Why a superblock is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct BadSuperblock(pub &'static str);

/// What a superblock says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Superblock {
    /// Names the tree; it is not checked by anything.
    pub uuid: [u8; 16],
    /// The number of data blocks.
    pub data_blocks: u64,
    /// Hashed before every block; at most 256 bytes.
    pub salt: Vec<u8>,
}

impl Superblock {
    /// Reads a superblock.
    ///
    /// # Errors
    /// It is none, or of a kind that the box's images do not use.
    pub fn parse(block: &[u8; LENGTH]) -> Result<Self, BadSuperblock> {
        let bad = |why| Err(BadSuperblock(why));
        if &block[..8] != MAGIC {
            return bad("it has no superblock");
        }
        if u32_at(block, 8) != 1 || u32_at(block, 12) != 1 {
            return bad("its version or hash type is not known");
        }
        if block[32..64] != padded(b"sha256") {
            return bad("its hash is not SHA-256");
        }
        if u32_at(block, 64) as usize != BLOCK || u32_at(block, 68) as usize != BLOCK {
            return bad("its blocks are not of 4096 bytes");
        }
        let mut blocks = [0; 8];
        blocks.copy_from_slice(&block[72..80]);
        let data_blocks = u64::from_le_bytes(blocks);
        let salt = usize::from(u16::from_le_bytes([block[80], block[81]]));
        if data_blocks == 0 || salt > SALT {
            return bad("it has no data blocks, or a salt that is too long");
        }
        let mut uuid = [0; 16];
        uuid.copy_from_slice(&block[16..32]);
        Ok(Self { uuid, data_blocks, salt: block[88..88 + salt].to_vec() })
    }

    /// The first block of a tree. A salt above 256 bytes is cut.
    pub fn to_block(&self) -> [u8; BLOCK] {
        let salt = &self.salt[..self.salt.len().min(SALT)];
        let mut block = [0; BLOCK];
        block[..8].copy_from_slice(MAGIC);
        block[8..12].copy_from_slice(&1_u32.to_le_bytes());
        block[12..16].copy_from_slice(&1_u32.to_le_bytes());
        block[16..32].copy_from_slice(&self.uuid);
        block[32..64].copy_from_slice(&padded(b"sha256"));
        block[64..68].copy_from_slice(&(BLOCK as u32).to_le_bytes());
        block[68..72].copy_from_slice(&(BLOCK as u32).to_le_bytes());
        block[72..80].copy_from_slice(&self.data_blocks.to_le_bytes());
        block[80..82].copy_from_slice(&(salt.len() as u16).to_le_bytes());
        block[88..88 + salt.len()].copy_from_slice(salt);
        block
    }
}

fn padded(name: &[u8]) -> [u8; 32] {
    let mut field = [0; 32];
    field[..name.len()].copy_from_slice(name);
    field
}

fn u32_at(block: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([block[at], block[at + 1], block[at + 2], block[at + 3]])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Superblock {
        Superblock { uuid: [7; 16], data_blocks: 300, salt: (0..32).collect() }
    }

    fn block(change: impl FnOnce(&mut [u8; BLOCK])) -> [u8; LENGTH] {
        let mut block = good().to_block();
        change(&mut block);
        block[..LENGTH].try_into().unwrap()
    }

    #[test]
    fn it_is_read_as_it_was_written() {
        assert_eq!(Superblock::parse(&block(|_| ())).unwrap(), good());
    }

    #[test]
    fn other_kinds_are_refused() {
        for (at, byte) in [(0, b'V'), (8, 2), (12, 0), (35, b'5'), (65, 2), (69, 2), (81, 2)] {
            let refused = Superblock::parse(&block(|block| block[at] = byte));
            assert!(refused.is_err(), "byte {at}");
        }
        assert!(Superblock::parse(&block(|block| block[72..80].fill(0))).is_err(), "no data");
    }
}
