//! Tokens as people and programs see them.

use hal_api::{Capabilities, HalErrorKind, TokenHealth, TokenInfo};

/// A token: what it is, what it can do, how it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenStatus {
    /// The box's own name for it.
    pub name: String,
    /// What the device says of itself; what it said last, while it does not answer.
    pub info: TokenInfo,
    /// What it can do.
    pub capabilities: Capabilities,
    /// Whether it seals secrets.
    pub seals: bool,
    /// Whether it attests.
    pub attests: bool,
    /// Whether it can be used now.
    pub health: TokenHealth,
    /// How many keys of the box are on it.
    pub keys: u64,
}

/// What a token wants of people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenState {
    /// Nothing: it can be used.
    Ready,
    /// That somebody enters its PIN.
    NeedsPin,
    /// That somebody unlocks it with its maker's program: it takes no PIN any more.
    Locked,
    /// To be plugged in again.
    Gone,
    /// It does not work for another reason.
    Failing,
}

impl TokenState {
    /// The state behind what a token tells.
    pub fn of(health: &TokenHealth) -> Self {
        match health {
            TokenHealth::Healthy => Self::Ready,
            TokenHealth::Failing { kind, .. } => match kind {
                HalErrorKind::PinNeeded => Self::NeedsPin,
                HalErrorKind::PinLocked => Self::Locked,
                HalErrorKind::Removed => Self::Gone,
                _ => Self::Failing,
            },
        }
    }
}
