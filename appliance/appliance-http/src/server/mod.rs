//! The listening side: TLS, HTTP/1.1 and HTTP/2, and an orderly end.
//!
//! # Design
//!
//! One task accepts on each listener, one task serves each connection. A connection is bounded in
//! every phase: the handshake, the reading of a request's head and (by the extractors) of its body.
//! The number of connections is bounded as well; what comes above it waits in the kernel's queue.
//!
//! # Limits
//!
//! WebSockets are offered over HTTP/1.1 only, which is what browsers ask for.

mod connection;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use connection::Server;
pub use tls::{ServedCertificate, TlsConfigError, tls_config, tls_config_for};

/// The most connections at once, over all listeners.
const MAX_CONNECTIONS: usize = 1024;

/// How long to wait after a failed accept: it fails for lack of file descriptors, mostly.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `shutdown`, then lets what is under way end within `drain` and cuts the rest.
///
/// Returns when every connection is closed.
pub async fn serve(
    listeners: Vec<TcpListener>,
    tls: Arc<ServerConfig>,
    router: Router,
    shutdown: CancellationToken,
    drain: Duration,
) {
    let server = Arc::new(Server::new(tls, router, shutdown.clone()));
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut acceptors = JoinSet::new();
    for listener in listeners {
        acceptors.spawn(accept(listener, Arc::clone(&server), Arc::clone(&room), shutdown.clone(), drain));
    }
    while let Some(ended) = acceptors.join_next().await {
        if let Err(error) = ended {
            tracing::error!(%error, "a listener ended by a fault");
        }
    }
}

/// Accepts on one listener until `shutdown`, and then drains its connections.
async fn accept(
    listener: TcpListener,
    server: Arc<Server>,
    room: Arc<Semaphore>,
    shutdown: CancellationToken,
    drain: Duration,
) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => break,
            Some(_) = connections.join_next() => continue,
            accepted = next(&listener, &room) => accepted,
        };
        let Some((stream, permit)) = accepted else { continue };
        let server = Arc::clone(&server);
        connections.spawn(async move {
            server.serve(stream).await;
            drop(permit);
        });
    }
    drop(listener);
    let ended = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(drain, ended).await.is_err() {
        tracing::warn!(connections = connections.len(), "connections are cut: they did not end in time");
        connections.shutdown().await;
    }
}

/// The next connection, once there is room for it.
async fn next(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> Option<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let permit = Arc::clone(room).acquire_owned().await.expect("the semaphore is never closed");
    match listener.accept().await {
        Ok((stream, _)) => Some((stream, permit)),
        Err(error) => {
            tracing::warn!(%error, "cannot accept a connection");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}
