//! Tokens as people and programs see them.

use hal_api::{Capabilities, TokenHealth, TokenInfo};

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
