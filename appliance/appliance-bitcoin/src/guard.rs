//! Collects what the guard of `appliance_core::node` judges.

use std::collections::BTreeMap;

use appliance_core::node::{Chain, DeploymentFacts, NodeFacts, pinned_headers};

use crate::error::RpcError;
use crate::rpc::Rpc;

/// What the node tells of itself on this chain.
pub(crate) async fn ask(rpc: &Rpc, chain: Chain) -> Result<NodeFacts, RpcError> {
    let network = rpc.network_info().await?;
    let blockchain = rpc.blockchain_info().await?;
    let deployments = match rpc.deployment_info().await {
        Ok(answer) => DeploymentFacts::from_json(&answer),
        Err(error) if error.is_unknown_method() => None,
        Err(error) => return Err(error),
    };
    let mut headers = BTreeMap::new();
    for pin in pinned_headers(chain).iter().take(pins_reached(chain, blockchain.blocks)) {
        headers.insert(pin.height, rpc.block_hash(pin.height).await?);
    }
    Ok(NodeFacts {
        chain,
        reported_chain: blockchain.chain,
        subversion: network.subversion,
        services: network.services,
        deployments,
        headers,
    })
}

/// How many pinned blocks a chain of this height has.
pub(crate) fn pins_reached(chain: Chain, height: u64) -> usize {
    pinned_headers(chain).iter().take_while(|pin| pin.height <= height).count()
}
