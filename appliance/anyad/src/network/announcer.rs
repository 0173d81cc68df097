//! The box's name on the local network: multicast DNS (RFC 6762), and its web page as a service
//! (RFC 6763).
//!
//! The name is probed for first. When another machine has it, the box takes it with a number, on all of
//! its interfaces, so that there is one name to show.

use std::net::IpAddr;

use anyhow::{Context, Result};
use mdns_sd::{DaemonEvent, DnsNameChange, RRType, ServiceDaemon, ServiceInfo};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The service's type and its name for people.
const SERVICE: (&str, &str) = ("_https._tcp.local.", "Anya Box");

/// Answers for the box's name while it lives.
pub(crate) struct Announcer {
    daemon: ServiceDaemon,
    listening: JoinHandle<()>,
    name: watch::Receiver<String>,
}

impl Announcer {
    /// Announces `name`, such as `anya.local`, and the web page on this port, at every address that the
    /// machine has and gets.
    ///
    /// # Errors
    /// When there is no socket for multicast DNS.
    pub(crate) fn start(name: &str, port: u16) -> Result<Self> {
        Self::announce(name, port, &[])
    }

    /// [`Self::start`] at these addresses only, where there are any.
    fn announce(name: &str, port: u16, addresses: &[IpAddr]) -> Result<Self> {
        let daemon = ServiceDaemon::new().context("cannot start multicast DNS")?;
        let events = daemon.monitor().context("cannot listen to multicast DNS")?;
        daemon.register(service(name, port, addresses)?).context("cannot announce the box's name")?;
        let (tell, told) = watch::channel(name.to_owned());
        let (registrar, addresses) = (daemon.clone(), addresses.to_vec());
        let listening = tokio::spawn(async move {
            while let Ok(event) = events.recv_async().await {
                let DaemonEvent::NameChange(change) = event else { continue };
                let Some(new) = new_name(&change, &tell.borrow()) else { continue };
                tracing::info!(name = new, "another machine has the box's name: it takes the next one");
                // Everywhere, not only on the interface where the other one is.
                let renewed = service(&new, port, &addresses).and_then(|info| {
                    drop(registrar.unregister(info.get_fullname()));
                    registrar.register(info).context("cannot announce the box's new name")
                });
                if let Err(error) = renewed {
                    tracing::warn!(error = format!("{error:#}"), "multicast DNS");
                }
                tell.send_replace(new);
            }
        });
        Ok(Self { daemon, listening, name: told })
    }

    /// The name that the box has now, and every later one.
    pub(crate) fn name(&self) -> watch::Receiver<String> {
        self.name.clone()
    }

    /// Takes the name off the network.
    pub(crate) async fn stop(self) {
        self.listening.abort();
        if let Ok(stopped) = self.daemon.shutdown() {
            // Tells when the others were told.
            drop(stopped.recv_async().await);
        }
    }
}

fn service(name: &str, port: u16, addresses: &[IpAddr]) -> Result<ServiceInfo> {
    let (kind, instance) = SERVICE;
    let host = format!("{name}.");
    let info = ServiceInfo::new(kind, instance, &host, addresses, port, &[("path", "/")][..])
        .with_context(|| format!("`{name}` is not a name for multicast DNS"))?;
    Ok(if addresses.is_empty() { info.enable_addr_auto() } else { info })
}

/// The box's new name, when this change is about the one it has.
fn new_name(change: &DnsNameChange, current: &str) -> Option<String> {
    let is_host = matches!(change.rr_type, RRType::A | RRType::AAAA);
    let is_current = change.original.trim_end_matches('.').eq_ignore_ascii_case(current);
    (is_host && is_current).then(|| change.new_name.trim_end_matches('.').to_ascii_lowercase())
}

#[cfg(test)]
mod tests;
