//! The addresses the web server listens on.

use std::net::{IpAddr, SocketAddr};

use anyhow::{Context, Result, bail};
use tokio::net::TcpListener;

use crate::config::Http;
use crate::tls::Names;

/// Bound sockets, not yet served.
pub(crate) struct Listeners {
    pub(crate) sockets: Vec<TcpListener>,
    /// Where people reach the box: `https://localhost:8443`.
    pub(crate) address: String,
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
        let address = address_of(config, first.local_addr().context("a bound socket has no address")?);
        Ok(Self { sockets, address })
    }
}

fn lacks_ipv6(address: &SocketAddr, error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{AddrNotAvailable, Unsupported};
    address.is_ipv6() && matches!(error.kind(), AddrNotAvailable | Unsupported)
}

/// What people type: the first host name, and the port where it is not the usual one.
fn address_of(config: &Http, bound: SocketAddr) -> String {
    let host = config.hostnames.first().map_or("localhost", String::as_str);
    match bound.port() {
        443 => format!("https://{host}"),
        port => format!("https://{host}:{port}"),
    }
}

/// The names in the server's certificate: the host names, and the addresses that are not "any".
pub(crate) fn names(config: &Http) -> Names {
    let mut addresses: Vec<IpAddr> = Vec::new();
    for address in config.listen.iter().map(SocketAddr::ip).filter(|ip| !ip.is_unspecified()) {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    Names { dns: config.hostnames.clone(), addresses }
}
