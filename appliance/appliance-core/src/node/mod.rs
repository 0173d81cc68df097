//! The Bitcoin node: what is known of it, the rules it must follow, and when it is started again.

mod status;

pub use status::{Chain, NodeState, NodeStatus, Peers, RulesVerdict, Verdict};
