//! One life of the node: from its first answer until something ends it.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use appliance_core::node::{Chain, NodeState, Peers, Verdict, implementation};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use crate::board::Board;
use crate::config::{Launch, NodeConfig};
use crate::error::RpcError;
use crate::rpc::{BlockchainInfo, Rpc, Tip};
use crate::tip::Announced;
use crate::{follow, guard};

/// How often a node that does not answer yet is asked again.
const KNOCK: Duration = Duration::from_millis(50);
/// After this many failed questions in a row the status says that the node does not answer.
const SILENT_AFTER: u32 = 3;

/// Why the box lets go of a node that still runs.
pub(crate) enum LetGo {
    /// It follows other rules.
    Foreign(String),
    /// It cannot be used; it is started again.
    Useless(String),
}

/// What one life works with.
pub(crate) struct Life<'a> {
    pub(crate) config: &'a NodeConfig,
    pub(crate) board: &'a Board,
    pub(crate) announced: &'a mut Announced,
    /// The first download runs.
    pub(crate) syncing: bool,
}

impl Life<'_> {
    /// Uses the node until there is a reason to let go of it.
    pub(crate) async fn live(mut self, launch: &Launch) -> LetGo {
        match self.use_node(launch).await {
            Ok(never) => match never {},
            Err(reason) => reason,
        }
    }

    async fn use_node(&mut self, launch: &Launch) -> Result<std::convert::Infallible, LetGo> {
        let rpc = Arc::new(self.first_answer(launch).await?);
        let mut pins = useful(self.judge(&rpc).await)??;
        let first = useful(rpc.blockchain_info().await)?;
        if self.announced.is_empty() {
            self.announced.skip_to(tip_of(&first));
        }
        // One hint says as much as many: look at the tip.
        let (told, mut hints) = mpsc::channel(1);
        let sources = self.listen(&rpc, first.best_block_hash, told).await?;
        self.board.usable(Arc::clone(&rpc));

        let mut refresh = interval(self.config.refresh);
        refresh.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut failures = 0;
        loop {
            tokio::select! {
                // During the first download hints come by the hundred; the clock alone sets the pace then.
                Some(()) = hints.recv(), if !self.syncing => {}
                _ = refresh.tick() => {}
            }
            match self.refresh(&rpc, &sources).await {
                Ok(height) => {
                    failures = 0;
                    if guard::pins_reached(self.config.chain, height) > pins
                        && let Ok(judged) = self.judge(&rpc).await
                    {
                        pins = judged?;
                    }
                }
                Err(error) => {
                    failures += 1;
                    self.silent(failures, &error);
                }
            }
        }
    }

    /// Waits until the node answers calls. Loading takes as long as it takes; silence has a limit.
    async fn first_answer(&self, launch: &Launch) -> Result<Rpc, LetGo> {
        let mut quiet_since = Instant::now();
        loop {
            let error = match try_answer(launch).await {
                Ok(rpc) => return Ok(rpc),
                Err(error) => error,
            };
            if let Some(doing) = error.warm_up() {
                quiet_since = Instant::now();
                let detail = format!("The node is getting ready: {doing}");
                self.board.update(|status| status.detail = Some(detail));
            }
            if quiet_since.elapsed() >= self.config.answer_within {
                return Err(LetGo::Useless(no_answer(self.config.answer_within, &error)));
            }
            sleep(KNOCK).await;
        }
    }

    /// Asks the guard; the answer is how many pinned blocks it saw, or that the box lets go of the node.
    async fn judge(&self, rpc: &Rpc) -> Result<Result<usize, LetGo>, RpcError> {
        let facts = guard::ask(rpc, self.config.chain).await?;
        let verdict = facts.verdict();
        let reason =
            (verdict.verdict == Verdict::Foreign).then(|| verdict.reason.clone().unwrap_or_default());
        self.board.update(|status| {
            status.implementation = Some(
                implementation(&facts.subversion).map_or_else(|| facts.subversion.clone(), str::to_owned),
            );
            status.version = Some(facts.subversion);
            status.rules = verdict;
        });
        let pins = facts.headers.len();
        Ok(match reason {
            Some(reason) if self.config.chain != Chain::Regtest => Err(LetGo::Foreign(reason)),
            Some(reason) => {
                tracing::warn!(reason, "this node is used all the same, for on regtest nothing is at stake");
                Ok(pins)
            }
            None => Ok(pins),
        })
    }

    /// Starts what hears of blocks, and says what it is. It ends when the answer is dropped.
    async fn listen(&self, rpc: &Arc<Rpc>, tip: String, told: mpsc::Sender<()>) -> Result<Sources, LetGo> {
        let mut sources = Sources { tasks: JoinSet::new(), names: Vec::new() };
        if self.config.block_sources.long_poll {
            sources.tasks.spawn(follow::long_poll(Arc::clone(rpc), tip, told.clone()));
            sources.names.push("long_poll".to_owned());
        }
        if self.config.block_sources.zmq
            && let Some(address) = useful(rpc.zmq_block_address().await)?
        {
            sources.tasks.spawn(follow::zmq(address, told));
            sources.names.push("zmq".to_owned());
        }
        Ok(sources)
    }

    /// Asks for the state, tells it, and announces what is new; the answer is the height.
    async fn refresh(&mut self, rpc: &Rpc, sources: &Sources) -> Result<u64, RpcError> {
        let chain = rpc.blockchain_info().await?;
        let network = rpc.network_info().await?;
        // A regtest chain is what was made of it: there is nothing to download.
        self.syncing = chain.initial_block_download && self.config.chain != Chain::Regtest;
        let tip = tip_of(&chain);
        self.board.update(|status| {
            status.state = if self.syncing { NodeState::Syncing } else { NodeState::Running };
            status.detail = None;
            status.blocks = chain.blocks;
            status.headers = chain.headers;
            status.best_block_hash = Some(chain.best_block_hash);
            status.sync_progress = Some(chain.verification_progress.clamp(0.0, 1.0));
            status.initial_block_download = Some(chain.initial_block_download);
            status.peers = Peers { inbound: network.connections_in, outbound: network.connections_out };
            status.block_source.clone_from(&sources.names);
        });
        let height = tip.height;
        if self.syncing {
            self.announced.skip_to(tip);
        } else {
            let fresh = self.announced.advance(rpc, tip.hash).await?;
            fresh.into_iter().for_each(|block| self.board.announce(block.height, block.hash));
        }
        Ok(height)
    }

    fn silent(&self, failures: u32, error: &RpcError) {
        tracing::debug!(failures, error = error.in_full(), "the node's state could not be asked for");
        if failures >= SILENT_AFTER {
            let detail = format!("The node runs but does not answer at the moment ({}).", error.in_full());
            self.board.update(|status| {
                status.state = NodeState::Starting;
                status.detail = Some(detail);
            });
        }
    }
}

/// What hears of blocks, and its names.
struct Sources {
    tasks: JoinSet<()>,
    names: Vec<String>,
}

impl Drop for Sources {
    fn drop(&mut self) {
        self.tasks.abort_all();
    }
}

async fn try_answer(launch: &Launch) -> Result<Rpc, RpcError> {
    let rpc = Rpc::new(launch.rpc_port, &launch.cookie)?;
    rpc.network_info().await?;
    Ok(rpc)
}

fn no_answer(limit: Duration, error: &RpcError) -> String {
    let unreadable = |source: &corepc_client::Error| matches!(source, corepc_client::Error::Io(io) if io.kind() == ErrorKind::PermissionDenied);
    let cure = match error {
        RpcError::Cookie { source, .. } if unreadable(source) => "make the file readable for this user",
        _ => "check that the node's binary in the box's configuration is a bitcoind",
    };
    format!("The node did not answer RPC within {} s ({}): {cure}.", limit.as_secs(), error.in_full())
}

fn useful<T>(answer: Result<T, RpcError>) -> Result<T, LetGo> {
    answer.map_err(|error| {
        LetGo::Useless(format!("The node could not be asked about itself ({}).", error.in_full()))
    })
}

fn tip_of(chain: &BlockchainInfo) -> Tip {
    Tip { hash: chain.best_block_hash.clone(), height: chain.blocks }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_that_cannot_be_read_and_one_that_is_not_there_have_their_cures() {
        let detail = |kind: ErrorKind| {
            let source = corepc_client::Error::Io(kind.into());
            no_answer(Duration::from_secs(120), &RpcError::Cookie { path: "/data/rpc.cookie".into(), source })
        };
        let unreadable = detail(ErrorKind::PermissionDenied);
        assert!(unreadable.contains("/data/rpc.cookie") && unreadable.contains("readable for this user"));
        assert!(detail(ErrorKind::NotFound).contains("is a bitcoind"));
    }
}
