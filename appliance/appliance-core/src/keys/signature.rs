//! What is signed, and signatures.

use hal_api::{KeyId, SignatureScheme};

/// How an ECDSA signature is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureEncoding {
    /// ASN.1 DER (RFC 3279, section 2.2.3).
    Der,
    /// `r ‖ s`, 64 bytes big-endian (IEEE P1363).
    Raw,
}

/// What is signed.
#[derive(Clone, PartialEq, Eq)]
pub enum SignInput {
    /// A message; hashed with SHA-256 where the scheme signs a digest.
    Message(Vec<u8>),
    /// The SHA-256 digest of a message. Not for Ed25519, which signs the message itself.
    Digest([u8; 32]),
}

impl std::fmt::Debug for SignInput {
    /// Never shows a message.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Message(message) => write!(f, "Message({} bytes)", message.len()),
            Self::Digest(digest) => write!(f, "Digest({})", hex::encode(digest)),
        }
    }
}

/// A signature that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignCommand {
    /// The key to sign with.
    pub key: KeyId,
    /// What to sign.
    pub input: SignInput,
    /// How; the key's default when `None`.
    pub scheme: Option<SignatureScheme>,
    /// How to write it, ECDSA only; DER when `None`.
    pub encoding: Option<SignatureEncoding>,
}

/// A signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The key it was made with.
    pub key: KeyId,
    /// How it was made.
    pub scheme: SignatureScheme,
    /// How it is written; `None` where there is one way only.
    pub encoding: Option<SignatureEncoding>,
    /// The signature. ECDSA on secp256k1 is always low-S (BIP 62).
    pub bytes: Vec<u8>,
}

/// A signature that is to be verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyCommand {
    /// The key it should be of.
    pub key: KeyId,
    /// What was signed.
    pub input: SignInput,
    /// The signature.
    pub signature: Vec<u8>,
    /// How it was made; the key's default when `None`.
    pub scheme: Option<SignatureScheme>,
    /// How it is written, ECDSA only; DER when `None`.
    pub encoding: Option<SignatureEncoding>,
}
