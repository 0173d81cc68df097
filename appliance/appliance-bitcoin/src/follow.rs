//! Two ways of hearing of new blocks. Both only hint at a new tip, and may do so twice or late.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;
use zeromq::{Socket, SocketRecv, SubSocket, ZmqError, ZmqMessage};

use crate::rpc::Rpc;

/// Pause after an error, so that a node that is ending is not called in a tight loop.
const PAUSE: Duration = Duration::from_secs(1);

/// Asks the node to answer when its tip is another one. Ends when nobody listens.
pub(crate) async fn long_poll(rpc: Arc<Rpc>, mut tip: String, told: Sender<()>) {
    loop {
        match rpc.wait_for_new_block(&tip).await {
            Ok(new) if new.hash != tip => {
                tracing::debug!(height = new.height, hash = %new.hash, "block by long poll");
                tip = new.hash;
                // Waits while nobody wants to know: that slows the polling down during the first download.
                if told.send(()).await.is_err() {
                    return;
                }
            }
            Ok(_) => {}
            Err(error) => {
                tracing::debug!(error = error.in_full(), "the long poll failed");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Subscribes to the node's `hashblock`. Ends when nobody listens.
pub(crate) async fn zmq(address: String, told: Sender<()>) {
    loop {
        if let Err(error) = subscription(&address, &told).await {
            tracing::debug!(%error, "ZMQ failed");
        }
        if told.is_closed() {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn subscription(address: &str, told: &Sender<()>) -> Result<(), ZmqError> {
    let mut socket = SubSocket::new();
    socket.connect(address).await?;
    socket.subscribe("hashblock").await?;
    loop {
        let message = socket.recv().await?;
        let Some(hash) = block_hash(&message) else {
            tracing::debug!(?message, "ZMQ told something else than a block");
            continue;
        };
        tracing::debug!(%hash, "block by ZMQ");
        if let Err(TrySendError::Closed(())) = told.try_send(()) {
            return Ok(());
        }
    }
}

/// Frames: topic, hash (32 bytes, in the order that people write), sequence number (`doc/zmq.md` of
/// Bitcoin Core).
fn block_hash(message: &ZmqMessage) -> Option<String> {
    let topic = message.get(0)?;
    let hash = message.get(1)?;
    (topic.as_ref() == b"hashblock" && hash.len() == 32).then(|| hex::encode(hash))
}
