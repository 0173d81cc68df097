//! The node as the service sees it.

use std::sync::Arc;
use std::time::Duration;

use appliance_core::event::EventSink;
use appliance_core::node::{Chain, GeneratedBlocks, NodeError, NodeStatus};
use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use crate::board::Board;
use crate::config::{Listen, NodeConfig};
use crate::error::RpcError;
use crate::rpc::Rpc;
use crate::supervisor::{StopBy, Supervisor};

/// Beside the bound of a stop: for a process that was killed to be gone.
const AFTER_STOP: Duration = Duration::from_secs(6);

/// A supervised node. Dropped, its process is told to end; [`BitcoinNode::stop`] waits for that.
pub struct BitcoinNode {
    board: Arc<Board>,
    chain: Chain,
    stop: watch::Sender<StopBy>,
    listen: watch::Sender<Option<Listen>>,
    work: Mutex<Work>,
}

/// Whether the node is supervised.
enum Work {
    /// Not yet.
    Ready(Box<Supervisor>),
    Supervised(JoinHandle<()>),
    Ended,
}

impl BitcoinNode {
    /// A node that was not started yet.
    pub fn new(config: NodeConfig, events: Arc<dyn EventSink>) -> Self {
        let board = Arc::new(Board::new(&config, events));
        let (stop, asked) = watch::channel(None);
        let (listen, wanted) = watch::channel(config.listen);
        let chain = config.chain;
        let supervisor = Supervisor::new(config, Arc::clone(&board), asked, wanted);
        Self { board, chain, stop, listen, work: Mutex::new(Work::Ready(Box::new(supervisor))) }
    }

    /// Starts it and supervises it from now on; a second call does nothing, nor does one after
    /// [`BitcoinNode::stop`]. What goes wrong is told by [`BitcoinNode::status`].
    ///
    /// # Panics
    ///
    /// Where time or I/O of the Tokio runtime are not enabled.
    pub async fn start(&self) {
        let mut work = self.work.lock().await;
        *work = match std::mem::replace(&mut *work, Work::Ended) {
            Work::Ready(supervisor) => Work::Supervised(tokio::spawn(supervisor.run())),
            other => other,
        };
    }

    /// Has peers call here, or nowhere. A node that runs otherwise is stopped and started again.
    pub fn listen_at(&self, listen: Option<Listen>) {
        self.listen.send_if_modified(|now| std::mem::replace(now, listen) != listen);
    }

    /// What is known now. Cheap: the node is not asked.
    pub fn status(&self) -> NodeStatus {
        self.board.status()
    }

    /// Tells of each change of the status (without the uptime, which always changes).
    pub fn watch(&self) -> watch::Receiver<NodeStatus> {
        self.board.watch()
    }

    /// Stops the node: by RPC, after nine tenths of the bound by SIGTERM, then by SIGKILL. Returns when
    /// the process is gone; a second call does nothing.
    pub async fn stop(&self, bound: Duration) {
        let deadline = Instant::now() + bound;
        self.stop.send_replace(Some(deadline));
        let mut work = self.work.lock().await;
        if let Work::Supervised(task) = &mut *work
            && timeout_at(deadline + AFTER_STOP, &mut *task).await.is_err()
        {
            tracing::error!("the node could not be stopped in time");
            task.abort();
        }
        *work = Work::Ended;
    }

    /// Makes blocks on regtest, whose rewards nobody can spend.
    ///
    /// # Errors
    ///
    /// [`NodeError::WrongChain`] on another chain, [`NodeError::NotRunning`] while the node takes no
    /// calls, [`NodeError::Call`] with what the node or the connection said otherwise.
    pub async fn generate_blocks(&self, count: u32) -> Result<GeneratedBlocks, NodeError> {
        if self.chain != Chain::Regtest {
            return Err(NodeError::WrongChain { chain: self.chain });
        }
        let Some(rpc) = self.board.rpc() else {
            return Err(NodeError::NotRunning { state: self.status().state });
        };
        generate(&rpc, count).await.map_err(|error| NodeError::Call {
            operation: format!("make {count} blocks"),
            source: error.into(),
        })
    }
}

async fn generate(rpc: &Rpc, count: u32) -> Result<GeneratedBlocks, RpcError> {
    let hashes = rpc.generate(count).await?;
    let height = match hashes.last() {
        Some(last) => rpc.header(last).await?.height,
        None => rpc.blockchain_info().await?.blocks,
    };
    Ok(GeneratedBlocks { height, hashes })
}

impl std::fmt::Debug for BitcoinNode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BitcoinNode").field("status", &self.status()).finish_non_exhaustive()
    }
}
