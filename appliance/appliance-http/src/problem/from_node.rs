//! What the node's failures are to a client.

use appliance_core::node::{NodeError, NodeState};

use super::{Problem, Slug};

impl From<NodeError> for Problem {
    fn from(error: NodeError) -> Self {
        match error {
            NodeError::WrongChain { chain } => {
                let detail =
                    format!("Blocks are made at will on regtest only; this node is on {}.", chain.name());
                Self::new(Slug::Conflict, detail).with_next("Run a box with the chain `regtest` for this.")
            }
            NodeError::NotRunning { state: NodeState::Off } => {
                Self::new(Slug::Unavailable, "`bitcoin` is switched off in the box's configuration.")
            }
            NodeError::NotRunning { .. } => {
                let next = "Look at /api/v1/bitcoin/status, and try again when it says `running`.";
                Self::new(Slug::Unavailable, "`bitcoin` does not answer now.")
                    .with_next(next)
                    .with_retry_after(5)
            }
            NodeError::Offline => {
                Self::new(Slug::Conflict, "The box's configuration keeps its node off every network.")
                    .with_next("Take `bitcoin.offline` out of the configuration first.")
            }
            NodeError::NotKept(error) => error.into(),
            NodeError::Call { .. } => Self::internal("ask the node", &error),
        }
    }
}
