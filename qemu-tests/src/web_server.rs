//! A web server on loopback that serves a folder: byte ranges included, as servers do.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::serve::ListenerExt;
use tokio::runtime::Runtime;
use tower_http::services::ServeDir;

/// A server, which ends when dropped.
pub struct WebServer {
    address: SocketAddr,
    served: Arc<AtomicU64>,
    _runtime: Runtime,
}

impl WebServer {
    /// Serves a folder.
    ///
    /// # Errors
    /// When there is no port or no thread for it.
    pub fn start(folder: &Path) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port on loopback")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let served = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&served);
        let count = move |request: Request, next: Next| {
            let counted = Arc::clone(&counted);
            async move { count(&counted, next.run(request).await) }
        };
        let app = Router::new().fallback_service(ServeDir::new(folder)).layer(from_fn(count));
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            // As servers have it: otherwise every small file waits for the acknowledgement of the one before.
            let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
            axum::serve(listener, app).await
        });
        Ok(Self { address, served, _runtime: runtime })
    }

    /// Its port on loopback.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The length of all bodies that were answered, bytes.
    #[must_use]
    pub fn served(&self) -> u64 {
        self.served.load(Ordering::Relaxed)
    }
}

fn count(served: &AtomicU64, response: Response) -> Response {
    let length = response.headers().get("content-length").and_then(|length| length.to_str().ok());
    served.fetch_add(length.and_then(|length| length.parse().ok()).unwrap_or(0), Ordering::Relaxed);
    response
}
