//! The box's certificates: a local authority whose key is in the HSM, and the server certificate it
//! issues. Both are made on the first start and renewed when they no longer fit.

mod authority;
mod server;

use std::net::IpAddr;
use std::path::Path;

use anyhow::Result;
use hal_api::Token;
use jiff::Timestamp;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use appliance_core::fingerprint::Fingerprint;
use authority::Authority;
pub(crate) use authority::is_private;

/// What the web server needs to show who it is.
pub(crate) struct Identity {
    /// The server's certificate, then the authority's.
    pub(crate) chain: Vec<CertificateDer<'static>>,
    /// The server's private key.
    pub(crate) key: PrivateKeyDer<'static>,
    /// The authority's certificate, PEM.
    pub(crate) authority_pem: String,
    /// The server certificate's fingerprint.
    pub(crate) fingerprint: Fingerprint,
    /// The authority's fingerprint.
    pub(crate) authority_fingerprint: Fingerprint,
}

/// The names and addresses that the server answers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Names {
    pub(crate) dns: Vec<String>,
    pub(crate) addresses: Vec<IpAddr>,
}

/// The most names, and the most addresses, that a certificate grows to.
const MOST: usize = 32;

impl Names {
    /// Adds what is not there yet, at the end.
    pub(crate) fn add(
        &mut self,
        dns: impl IntoIterator<Item = String>,
        addresses: impl IntoIterator<Item = IpAddr>,
    ) {
        add_new(&mut self.dns, dns);
        add_new(&mut self.addresses, addresses);
    }

    /// These, and of the wanted ones those that are not among them. A machine that sees many networks
    /// loses the oldest of those that it no longer wants.
    pub(crate) fn grown_to(&self, wanted: Self) -> Self {
        Self { dns: grown(&self.dns, wanted.dns), addresses: grown(&self.addresses, wanted.addresses) }
    }
}

fn add_new<T: PartialEq>(list: &mut Vec<T>, new: impl IntoIterator<Item = T>) {
    for item in new {
        if !list.contains(&item) {
            list.push(item);
        }
    }
}

fn grown<T: PartialEq + Clone>(certified: &[T], wanted: Vec<T>) -> Vec<T> {
    let mut all = certified.to_vec();
    let is_wanted = |item: &T| wanted.contains(item);
    let gained = wanted.iter().filter(|item| !all.contains(item)).count();
    let mut surplus = (all.len() + gained).saturating_sub(MOST);
    all.retain(|item| {
        let goes = surplus > 0 && !is_wanted(item);
        surplus -= usize::from(goes);
        !goes
    });
    add_new(&mut all, wanted);
    all
}

/// The names in the certificate that lies in `folder`; none where there is none.
///
/// # Errors
/// When the folder cannot be read.
pub(crate) fn certified_names(folder: &Path) -> Result<Names> {
    server::certified_names(folder)
}

/// Gives the box's certificates; makes or renews those in `folder` that are missing or do not fit.
///
/// # Errors
/// When the HSM or the folder fails, or a name lies outside what the authority may certify.
pub(crate) fn identity(token: &Token, folder: &Path, names: &Names, now: Timestamp) -> Result<Identity> {
    let authority = Authority::load_or_make(token, folder, now)?;
    let (certificate, key) = server::load_or_issue(&authority, folder, names, now)?;
    Ok(Identity {
        fingerprint: Fingerprint::of(&certificate),
        authority_fingerprint: Fingerprint::of(authority.certificate()),
        authority_pem: authority.pem().to_owned(),
        chain: vec![certificate, authority.certificate().clone()],
        key,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(dns: &[&str], addresses: &[String]) -> Names {
        Names {
            dns: dns.iter().map(|name| (*name).to_owned()).collect(),
            addresses: addresses.iter().map(|address| address.parse().unwrap()).collect(),
        }
    }

    #[test]
    fn a_certificate_keeps_its_names_in_order_and_gains_at_the_end() {
        let certified = names(&["anya.local", "localhost"], &["10.0.0.2".into()]);
        assert_eq!(certified.grown_to(names(&["anya.local"], &[])), certified, "a loss changes nothing");
        let grown = certified.grown_to(names(&["anya-2.local", "anya.local"], &["10.0.0.9".into()]));
        let expected =
            names(&["anya.local", "localhost", "anya-2.local"], &["10.0.0.2".into(), "10.0.0.9".into()]);
        assert_eq!(grown, expected);
    }

    #[test]
    fn a_machine_that_sees_many_networks_loses_the_oldest() {
        let address = |number: usize| format!("10.0.0.{number}");
        let certified = names(&[], &(1..=MOST).map(address).collect::<Vec<_>>());
        let grown = certified.grown_to(names(&[], &[address(1), address(99)]));
        assert_eq!(grown.addresses.len(), MOST);
        let kept = |number| grown.addresses.contains(&address(number).parse().unwrap());
        assert!(kept(1) && kept(99), "what is wanted is there");
        assert!(!kept(2) && kept(3));
    }
}
