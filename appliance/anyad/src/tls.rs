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
