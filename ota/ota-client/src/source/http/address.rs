//! Which addresses are taken.

use std::net::{IpAddr, SocketAddr};

/// How far an address reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// Over the open network, by `https`.
    Anywhere,
    /// To this machine or the local network, by `http` and by number.
    Nearby,
}

impl Reach {
    /// How far this address reaches; `None` when it is not taken.
    pub(super) fn of(address: &str) -> Option<Self> {
        let plain = |rest: &str| !rest.is_empty() && !rest.contains(['?', '#', '@', ' ', '\\']);
        if let Some(rest) = address.strip_prefix("https://") {
            return (plain(rest) && !rest.starts_with('/')).then_some(Self::Anywhere);
        }
        let rest = address.strip_prefix("http://").filter(|rest| plain(rest))?;
        let authority = rest.split('/').next()?;
        let ip = authority.parse::<SocketAddr>().map(|address| address.ip()).or_else(|_| authority.parse());
        is_nearby(ip.ok()?).then_some(Self::Nearby)
    }
}

/// This machine, or a private network (RFC 1918, RFC 3927; RFC 4193, RFC 4291).
fn is_nearby(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::Reach::{self, Anywhere, Nearby};

    #[test]
    fn only_https_leaves_the_local_network() {
        for (address, reach) in [
            ("https://updates.example/anya", Some(Anywhere)),
            ("https://updates.example:8443", Some(Anywhere)),
            ("http://127.0.0.1:8080/x", Some(Nearby)),
            ("http://[::1]:8080", Some(Nearby)),
            ("http://10.0.2.2:8000", Some(Nearby)),
            ("http://192.168.1.9", Some(Nearby)),
            ("http://[fd00::1]:80/x", Some(Nearby)),
            ("http://8.8.8.8/x", None),
            ("http://updates.example/anya", None),
            ("http://localhost:8080", None),
            ("http://127.0.0.1:80@updates.example/", None),
            ("http://127.0.0.1.updates.example:80/", None),
            ("https://user:word@updates.example/", None),
            ("https://updates.example/?x=", None),
            ("https:///etc", None),
            ("file:///etc", None),
            ("https://", None),
            ("", None),
        ] {
            assert_eq!(Reach::of(address), reach, "{address}");
        }
    }
}
