//! The Bitcoin node: what is known of it, the rules it must follow, and when it is started again.

mod chain_rules;
mod pinned;
mod port;
mod restart;
mod settings;
mod status;

pub use chain_rules::{DeploymentFacts, NodeFacts, implementation};
pub use pinned::{PinnedHeader, pinned_headers};
pub use port::{GeneratedBlocks, Node, NodeError};
pub use restart::{AfterDeath, RestartPolicy, Restarts};
pub use settings::NodeSettings;
pub use status::{Chain, NodeState, NodeStatus, Peers, RulesVerdict, Verdict};
