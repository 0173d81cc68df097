//! The first contact with a box: nobody is believed before somebody compared.

use std::io::Write;
use std::sync::Arc;

use reqwest::Url;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::client::Client;
use crate::failure::{Failure, shown};
use crate::{prompt, trust};
use appliance_core::fingerprint::Fingerprint;

/// The box's authority in PEM, after the fingerprint of its certificate was compared with what the
/// console shows, by `expected` or else by the person at the terminal.
///
/// `expected` is the fingerprint of the box's certificate, as its console shows it, or of its authority.
pub(super) fn authority(address: &Url, expected: Option<&Fingerprint>) -> Result<String, Failure> {
    let odd = |reason: &str| Failure::Odd { address: address.clone(), reason: reason.into() };
    let seen = Arc::default();
    let tls = trust::looking(&seen).map_err(|error| odd(&error.to_string()))?;
    let pem = Client::new(address.clone(), tls, None)?.get_text("/ca.crt")?;
    let authority =
        CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| odd("/ca.crt is no certificate"))?;
    let fingerprint = Fingerprint::of(&seen.certificate().ok_or_else(|| odd("it shows no certificate"))?);
    match expected {
        Some(expected) if *expected == fingerprint || *expected == Fingerprint::of(&authority) => Ok(pem),
        Some(_) => Err(Failure::OtherFingerprint { address: address.clone(), found: fingerprint.hex() }),
        None => compare(address, &fingerprint).map(|()| pem),
    }
}

/// Lets the person compare.
fn compare(address: &Url, seen: &Fingerprint) -> Result<(), Failure> {
    if !prompt::somebody_is_here() {
        return Err(Failure::NobodyCompares { address: address.clone() });
    }
    writeln!(
        std::io::stderr(),
        "This computer does not know the box at {} yet. Compare with its console:\n\n  \
         Certificate:  {}\n                SHA-256 {}\n",
        shown(address),
        seen.words().join(" "),
        seen.hex()
    )?;
    let answer = prompt::ask("Does the console show the same six words? [y/N]")?;
    match answer.trim().to_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::WordsDiffer),
    }
}
