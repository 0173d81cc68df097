//! Why something from outside is refused, in words for the owner.

use jiff::Timestamp;
use thiserror::Error;

use crate::digest::Sha256;
use crate::document::DocumentError;
use crate::identifier::Identifier;
use crate::version::Version;

/// Why a release, a signer list or what a server sent is refused. Each reason has its own variant, a text
/// for the owner (Display) and a [`Refusal::code`] for programs.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "each variant's text says what it is, and the fields are named in it")]
pub enum Refusal {
    // Documents.
    #[error("The {what} cannot be used: {reason}.")]
    Document { what: &'static str, reason: DocumentError },

    // Signer lists.
    #[error("The list of those who may sign updates is missing.")]
    SignersMissing,
    #[error("The list of signers is empty.")]
    NoSigners,
    #[error("The list of signers asks for no signature at all.")]
    ThresholdZero,
    #[error("The list of signers asks for {threshold} signatures, but has {signers} signers.")]
    ThresholdTooHigh { threshold: u64, signers: usize },
    #[error("The list of signers has one key under two names, {first} and {second}.")]
    OneKeyTwoSigners { first: String, second: String },
    #[error("The list of signers expired on {expires}.")]
    SignersExpired { expires: Timestamp },
    #[error("The list of signers has version {found}, but {expected} is the next one.")]
    SignersNotConsecutive { expected: u64, found: u64 },
    #[error("This box is too many signer lists behind to follow them; install a current image.")]
    TooManyRotations,
    #[error("The release counts on version {needed} of the signer list; this box has {known}.")]
    SignersBehind { needed: u64, known: u64 },

    // Signatures.
    #[error("Nobody whom this box trusts has signed it.")]
    WrongSigner,
    #[error("It takes {needed} signers; {signed_by} signed.")]
    TooFewSignatures { needed: usize, signed_by: String },
    #[error("It takes {needed} signers; a signature of {signer} is there twice and counts once.")]
    DuplicateSignature { needed: usize, signer: String },
    #[error("It takes {needed} signers; {signer} signed with two keys and counts once.")]
    SameSignerTwice { needed: usize, signer: String },
    #[error("It takes {needed} signers; the key of {signer} is revoked.")]
    SignerRevoked { needed: usize, signer: String },
    #[error("It takes {needed} signers; the key of {signer} is expired.")]
    SignerExpired { needed: usize, signer: String },
    #[error("It takes {needed} signers; the signature of {signer} is of a kind that is no longer safe.")]
    WeakSignature { needed: usize, signer: String },
    #[error("It takes {needed} signers; the signature of {signer} is not over this content.")]
    BadSignature { needed: usize, signer: String },

    // Time.
    #[error("The release expired on {expires}. If there is none newer, somebody may keep it from this box.")]
    Expired { expires: Timestamp },
    #[error(
        "This box's clock says {clock}, but the release is current until {expires}: the clock seems to be far \
         ahead. Set the clock, or connect the box to the internet."
    )]
    ClockAhead { clock: Timestamp, expires: Timestamp },
    #[error("The release was signed on {signed}, which is in the future.")]
    SignedInFuture { signed: Timestamp },
    #[error("The release was signed on {signed}; this box has seen one that was signed later, on {newest}.")]
    Replayed { signed: Timestamp, newest: Timestamp },

    // What it is.
    #[error("The release is for the board {found}; this is {expected}.")]
    OtherBoard { expected: Identifier, found: Identifier },
    #[error("The release is of the channel {found}; this box follows {expected}.")]
    OtherChannel { expected: Identifier, found: Identifier },
    #[error(
        "The release has security epoch {found}; this box has seen {highest}, and releases before are unsafe."
    )]
    OlderEpoch { found: u64, highest: u64 },
    #[error("The release {found} is older than {seen}, which was offered before.")]
    OlderThanSeen { found: Version, seen: Version },
    #[error("The release {found} is older than {installed}, which is installed.")]
    OlderVersion { found: Version, installed: Version },
    #[error("To install the release {found}, this box needs {minimum} or later: install that first.")]
    NeedsVersion { found: Version, minimum: Version },
    #[error("The {part} of the release has {size} bytes; its place on the disk has {room}.")]
    PartTooLarge { part: &'static str, size: u64, room: u64 },
    #[error("The parts of the release do not belong together: {why}.")]
    MixedParts { why: String },

    // Content.
    #[error("A chunk index cannot be used: {why}.")]
    BadIndex { why: String },
    #[error("{expected} bytes were promised, and {received} came.")]
    Truncated { expected: u64, received: u64 },
    #[error("{what} has other content than was signed.")]
    OtherContent { what: String },
    #[error("The chunk {chunk} unpacks to more than its {length} bytes.")]
    DecompressionBomb { chunk: Sha256, length: u32 },

    // Servers.
    #[error("The server sends more than the {expected} bytes that were promised.")]
    EndlessResponse { expected: u64 },
    #[error("The server is too slow.")]
    SlowServer,
    #[error("The server sends this box elsewhere, to {to}.")]
    RedirectElsewhere { to: String },
    #[error("The server was asked for a part of a file and sent another one.")]
    OtherRange,

    // Bundles.
    #[error("The bundle cannot be used: {reason}.")]
    Bundle { reason: crate::bundle::BundleError },
}

impl Refusal {
    /// The reason in one word, which stays the same; for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Document { reason, .. } => reason.code(),
            Self::SignersMissing => "signers_missing",
            Self::NoSigners => "no_signers",
            Self::ThresholdZero => "threshold_zero",
            Self::ThresholdTooHigh { .. } => "threshold_too_high",
            Self::OneKeyTwoSigners { .. } => "one_key_two_signers",
            Self::SignersExpired { .. } => "signers_expired",
            Self::SignersNotConsecutive { .. } => "signers_not_consecutive",
            Self::TooManyRotations => "too_many_rotations",
            Self::SignersBehind { .. } => "signers_behind",
            Self::WrongSigner => "wrong_signer",
            Self::TooFewSignatures { .. } => "too_few_signatures",
            Self::DuplicateSignature { .. } => "duplicate_signature",
            Self::SameSignerTwice { .. } => "same_signer_twice",
            Self::SignerRevoked { .. } => "signer_revoked",
            Self::SignerExpired { .. } => "signer_expired",
            Self::WeakSignature { .. } => "weak_signature",
            Self::BadSignature { .. } => "bad_signature",
            Self::Expired { .. } => "expired",
            Self::ClockAhead { .. } => "clock_ahead",
            Self::SignedInFuture { .. } => "signed_in_future",
            Self::Replayed { .. } => "replayed",
            Self::OtherBoard { .. } => "other_board",
            Self::OtherChannel { .. } => "other_channel",
            Self::OlderEpoch { .. } => "older_epoch",
            Self::OlderThanSeen { .. } => "older_than_seen",
            Self::OlderVersion { .. } => "older_version",
            Self::NeedsVersion { .. } => "needs_version",
            Self::PartTooLarge { .. } => "part_too_large",
            Self::MixedParts { .. } => "mixed_parts",
            Self::BadIndex { .. } => "bad_index",
            Self::Truncated { .. } => "truncated",
            Self::OtherContent { .. } => "other_content",
            Self::DecompressionBomb { .. } => "decompression_bomb",
            Self::EndlessResponse { .. } => "endless_response",
            Self::SlowServer => "slow_server",
            Self::RedirectElsewhere { .. } => "redirect_elsewhere",
            Self::OtherRange => "other_range",
            Self::Bundle { reason } => reason.code(),
        }
    }
}
