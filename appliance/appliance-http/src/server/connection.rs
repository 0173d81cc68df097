//! One connection from its handshake to its end.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long the head of a request may take to arrive, and so how long an idle HTTP/1.1 connection lives.
const HEADER: Duration = Duration::from_secs(60);
/// The most that a request's head may have in HTTP/1.1, bytes.
const MAX_HEAD: usize = 64 << 10;
/// The most that a request's headers may have in HTTP/2, bytes.
const MAX_HEADER_LIST: u32 = 32 << 10;
/// Requests under way on one HTTP/2 connection.
const MAX_STREAMS: u32 = 128;
/// How often a silent HTTP/2 connection is asked whether it still lives, and how long it may take.
const PING: Duration = Duration::from_secs(30);

/// What every connection needs.
pub(super) struct Server {
    acceptor: TlsAcceptor,
    service: TowerToHyperService<Router>,
    http: auto::Builder<TokioExecutor>,
    shutdown: CancellationToken,
}

impl Server {
    pub(super) fn new(tls: Arc<ServerConfig>, router: Router, shutdown: CancellationToken) -> Self {
        let mut http = auto::Builder::new(TokioExecutor::new());
        http.http1().timer(TokioTimer::new()).header_read_timeout(HEADER).max_buf_size(MAX_HEAD);
        http.http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(MAX_STREAMS)
            .max_header_list_size(MAX_HEADER_LIST)
            .keep_alive_interval(PING)
            .keep_alive_timeout(PING);
        Self { acceptor: TlsAcceptor::from(tls), service: TowerToHyperService::new(router), http, shutdown }
    }

    /// Serves one connection until either side ends it. On shutdown, what is under way is finished.
    pub(super) async fn serve(&self, stream: TcpStream) {
        // Small answers must not wait for the client's acknowledgements.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection ended before it began");
            return;
        }
        let handshake = tokio::time::timeout(HANDSHAKE, self.acceptor.accept(stream));
        let stream = tokio::select! {
            () = self.shutdown.cancelled() => return,
            result = handshake => match result {
                Ok(Ok(stream)) => stream,
                Ok(Err(error)) => return tracing::debug!(%error, "a TLS handshake failed"),
                Err(_) => return tracing::debug!("a TLS handshake took too long"),
            },
        };
        let connection = self.http.serve_connection_with_upgrades(TokioIo::new(stream), self.service.clone());
        tokio::pin!(connection);
        let result = tokio::select! {
            result = connection.as_mut() => result,
            () = self.shutdown.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = result {
            tracing::debug!(error, "a connection ended early");
        }
    }
}
