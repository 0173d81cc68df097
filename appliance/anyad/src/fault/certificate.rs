//! The certificate of fault mode: the box's own authority is on the closed partition, so this one signs
//! itself, lives in memory and ends with fault mode.

use anyhow::{Context, Result, anyhow};
use appliance_core::fingerprint::Fingerprint;
use rcgen::{CertificateParams, DnType, KeyPair, PKCS_ECDSA_P256_SHA256, SanType};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::tls::Names;

/// A certificate with its key.
pub(super) struct Certificate {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
    pub(super) fingerprint: Fingerprint,
}

/// Makes one with these names. Its validity is rcgen's, which any clock lies in: a box whose data is
/// closed may not know the time.
///
/// # Errors
/// When a name is no host name.
pub(super) fn in_memory(names: &Names) -> Result<Certificate> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "Anya Box");
    for name in &names.dns {
        let name = name.as_str().try_into().with_context(|| format!("`{name}` is not a host name"))?;
        params.subject_alt_names.push(SanType::DnsName(name));
    }
    params.subject_alt_names.extend(names.addresses.iter().copied().map(SanType::IpAddress));
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).context("cannot make the key of fault mode")?;
    let certificate = params.self_signed(&key).context("cannot make the certificate of fault mode")?;
    let key = PrivateKeyDer::try_from(key.serialize_der())
        .map_err(|reason| anyhow!("the key of fault mode: {reason}"))?;
    let certificate = certificate.der().clone();
    Ok(Certificate { fingerprint: Fingerprint::of(&certificate), chain: vec![certificate], key })
}
