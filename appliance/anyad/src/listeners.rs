//! The addresses the web server listens on.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail};
use tokio::net::TcpListener;

use crate::config::Http;

/// Bound sockets, not yet served.
pub(crate) struct Listeners {
    pub(crate) sockets: Vec<TcpListener>,
    /// The port of the first one, which people are told.
    pub(crate) port: u16,
}

impl Listeners {
    /// Binds every configured address. One of IPv6 may be missing: not every machine has it.
    ///
    /// # Errors
    /// One line with the cure when a port is taken or an address is not this machine's.
    pub(crate) async fn bind(config: &Http) -> Result<Self> {
        let mut sockets = Vec::new();
        for address in &config.listen {
            match TcpListener::bind(address).await {
                Ok(socket) => sockets.push(socket),
                Err(error) if lacks_ipv6(address, &error) && config.listen.len() > 1 => {
                    tracing::info!(%address, "not listening: this machine has no IPv6");
                }
                Err(error) => {
                    return Err(error).with_context(|| {
                        format!("cannot listen on {address}; stop the program that uses it or choose another with --listen")
                    });
                }
            }
        }
        let Some(first) = sockets.first() else { bail!("no address to listen on is this machine's") };
        let port = first.local_addr().context("a bound socket has no address")?.port();
        Ok(Self { sockets, port })
    }
}

fn lacks_ipv6(address: &SocketAddr, error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{AddrNotAvailable, Unsupported};
    address.is_ipv6() && matches!(error.kind(), AddrNotAvailable | Unsupported)
}
