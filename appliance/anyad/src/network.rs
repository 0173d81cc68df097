//! Where the box is on its network, and what follows when that changes.
//!
//! # Design
//!
//! [`Site`] is where the box is: its multicast DNS name and its addresses. The kernel tells when the
//! addresses change (`netlink`), the announcer when another machine has the name (`announcer`), and the
//! follower (`follower`) then brings the certificate, the console and the box's identity up to date.
//!
//! # Limits
//!
//! - Addresses that the box's authority may not certify (public ones) are neither certified nor shown.
//! - Names that were certified once stay in the certificate, so that it changes only for a gain.

mod addresses;
mod announcer;
mod follower;
pub(crate) mod netlink;

use std::net::{IpAddr, SocketAddr};

pub(crate) use announcer::Announcer;
pub(crate) use follower::{Follower, presence};

use crate::config::{Config, Http, Mdns};
use crate::tls::{Names, is_private};

/// The most addresses that people are shown beside the name.
const MOST_SHOWN: usize = 4;

/// Where the box is on its network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Site {
    /// Its multicast DNS name, such as `anya.local`.
    name: Option<String>,
    /// Its private and link-local addresses; none where the configuration does not follow the network.
    addresses: Vec<IpAddr>,
}

impl Site {
    /// Where the box is now; `name` is what the announcer got, if it runs.
    pub(crate) fn now(http: &Http, name: Option<String>) -> Self {
        let addresses = if http.follow_network { addresses::of_this_machine() } else { Vec::new() };
        let addresses = addresses.into_iter().filter(|address| is_private(*address)).collect();
        Self { name, addresses }
    }

    /// Where the box is before its name is announced.
    pub(crate) fn at_start(config: &Config) -> Self {
        Self::now(&config.http, host_name(&config.mdns))
    }

    /// The names that the certificate should have.
    pub(crate) fn names(&self, http: &Http) -> Names {
        let mut names = Names { dns: Vec::new(), addresses: Vec::new() };
        let listening = http.listen.iter().map(SocketAddr::ip).filter(|ip| !ip.is_unspecified());
        names.add(
            self.name.iter().chain(&http.hostnames).cloned(),
            listening.chain(self.addresses.iter().copied()),
        );
        names
    }

    /// What people type, the best first.
    pub(crate) fn urls(&self, http: &Http, port: u16) -> Vec<String> {
        let shown = self.addresses.iter().filter(|address| !needs_zone(**address)).take(MOST_SHOWN);
        let mut hosts: Vec<String> = self.name.iter().cloned().chain(shown.map(host_of)).collect();
        if hosts.is_empty() {
            hosts.push(http.hostnames.first().map_or("localhost", String::as_str).into());
        }
        let url = |host: String| match port {
            443 => format!("https://{host}"),
            port => format!("https://{host}:{port}"),
        };
        hosts.into_iter().map(url).collect()
    }
}

/// The configured multicast DNS name, where the box is to have one.
pub(crate) fn host_name(config: &Mdns) -> Option<String> {
    config.enabled.then(|| format!("{}.local", config.name.to_ascii_lowercase()))
}

/// Browsers do not take addresses with a zone, as those of IPv6 that are link-local need.
fn needs_zone(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(v6) if v6.is_unicast_link_local())
}

fn host_of(address: &IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => format!("[{v6}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(name: Option<&str>, addresses: &[&str]) -> Site {
        let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
        Site { name: name.map(str::to_owned), addresses }
    }

    #[test]
    fn people_are_shown_the_name_and_what_a_browser_takes() {
        let http = Http::default();
        let at_home = site(Some("anya.local"), &["192.168.1.20", "fd00::20", "fe80::1"]);
        let urls = ["https://anya.local", "https://192.168.1.20", "https://[fd00::20]"];
        assert_eq!(at_home.urls(&http, 443), urls);
        assert_eq!(site(None, &[]).urls(&http, 8443), ["https://localhost:8443"]);
        assert_eq!(site(None, &["10.0.2.15"]).urls(&http, 443), ["https://10.0.2.15"]);
    }

    #[test]
    fn the_certificate_has_the_name_the_configured_ones_and_the_addresses() {
        let http = Http {
            listen: vec!["[::]:443".parse().unwrap(), "127.0.0.1:443".parse().unwrap()],
            ..Http::default()
        };
        let names = site(Some("anya.local"), &["10.0.2.15", "fe80::1"]).names(&http);
        assert_eq!(names.dns, ["anya.local", "localhost"]);
        let addresses: Vec<String> = names.addresses.iter().map(ToString::to_string).collect();
        assert_eq!(addresses, ["127.0.0.1", "10.0.2.15", "fe80::1"]);
    }
}
