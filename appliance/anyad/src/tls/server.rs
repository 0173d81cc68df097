//! The web server's certificate. Its key is a file of mode 0600: every TLS handshake signs with it,
//! and it is worth no more than the year the certificate lasts.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use jiff::{SignedDuration, Timestamp};
use rcgen::{
    CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
    SanType, SerialNumber,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::Names;
use super::authority::{Authority, check_names};
use crate::data_folder::{read_if_there, write_private};

/// Under the 398 days that browsers accept.
const LIFETIME: SignedDuration = SignedDuration::from_hours(24 * 397);
/// Renewed when less than this is left.
const RENEW_BEFORE: SignedDuration = SignedDuration::from_hours(24 * 30);

/// Reads certificate and key, or issues new ones.
pub(super) fn load_or_issue(
    authority: &Authority,
    folder: &Path,
    names: &Names,
    now: Timestamp,
) -> Result<(CertificateDer<'static>, PrivateKeyDer<'static>)> {
    check_names(names)?;
    let path = folder.join("server.pem");
    if let Some(pem) = read_if_there(&path)? {
        let certificate = CertificateDer::from_pem_slice(&pem);
        let key = PrivateKeyDer::from_pem_slice(&pem);
        if let (Ok(certificate), Ok(key)) = (certificate, key)
            && fits(&certificate, authority, names, now)
        {
            return Ok((certificate, key));
        }
        tracing::info!("the server certificate no longer fits: issuing a new one");
    }
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).context("cannot make the server's key")?;
    let certificate = authority.issue(&params(names, now)?, &key)?;
    // One file, so that a power cut never leaves a certificate beside another one's key.
    let encoded = pem_block("CERTIFICATE", &certificate) + &key.serialize_pem();
    write_private(&path, encoded.as_bytes())?;
    let key = PrivateKeyDer::try_from(key.serialize_der())
        .map_err(|reason| anyhow!("the server's key: {reason}"))?;
    Ok((certificate, key))
}

fn params(names: &Names, now: Timestamp) -> Result<CertificateParams> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, names.dns.first().map_or("Anya Box", String::as_str));
    params.serial_number = Some(serial_number()?);
    for name in &names.dns {
        let name = name.as_str().try_into().with_context(|| format!("`{name}` is not a host name"))?;
        params.subject_alt_names.push(SanType::DnsName(name));
    }
    params.subject_alt_names.extend(names.addresses.iter().copied().map(SanType::IpAddress));
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    params.not_before = offset_date_time(now - SignedDuration::from_hours(24))?;
    params.not_after = offset_date_time(now + LIFETIME)?;
    Ok(params)
}

/// Whether a certificate is the authority's, lasts a while and has just these names.
fn fits(certificate: &CertificateDer<'_>, authority: &Authority, names: &Names, now: Timestamp) -> bool {
    let parsed = X509Certificate::from_der(certificate);
    let issuer = X509Certificate::from_der(authority.certificate());
    let (Ok((_, parsed)), Ok((_, issuer))) = (parsed, issuer) else { return false };
    parsed.verify_signature(Some(issuer.public_key())).is_ok()
        && parsed.validity().not_after.timestamp() > (now + RENEW_BEFORE).as_second()
        && parsed.validity().not_before.timestamp() <= now.as_second()
        && names_of(&parsed) == *names
}

/// The names in the certificate on the disk; none where there is none or it cannot be read.
pub(super) fn certified_names(folder: &Path) -> Result<Names> {
    let pem = read_if_there(&folder.join("server.pem"))?.unwrap_or_default();
    let none = Names { dns: Vec::new(), addresses: Vec::new() };
    let Ok(certificate) = CertificateDer::from_pem_slice(&pem) else { return Ok(none) };
    Ok(X509Certificate::from_der(&certificate).map_or(none, |(_, parsed)| names_of(&parsed)))
}

fn names_of(certificate: &X509Certificate<'_>) -> Names {
    let mut names = Names { dns: Vec::new(), addresses: Vec::new() };
    let Ok(Some(extension)) = certificate.subject_alternative_name() else { return names };
    for name in &extension.value.general_names {
        match name {
            GeneralName::DNSName(name) => names.dns.push((*name).to_owned()),
            GeneralName::IPAddress(bytes) => names.addresses.extend(address(bytes)),
            _ => {}
        }
    }
    names
}

fn address(bytes: &[u8]) -> Option<std::net::IpAddr> {
    let v4 = <[u8; 4]>::try_from(bytes).map(std::net::IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(std::net::IpAddr::from)).ok()
}

fn pem_block(label: &str, der: &[u8]) -> String {
    appliance_core::keys::encoding::pem(label, der)
}

/// A random serial number of 16 bytes (RFC 5280, section 4.1.2.2: positive, at most 20).
pub(super) fn serial_number() -> Result<SerialNumber> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| anyhow!("the system gives no randomness: {error}"))?;
    bytes[0] &= 0x7f;
    Ok(SerialNumber::from_slice(&bytes))
}

/// A time as rcgen takes it, to the second.
pub(super) fn offset_date_time(at: Timestamp) -> Result<time::OffsetDateTime> {
    time::OffsetDateTime::from_unix_timestamp(at.as_second()).context("a time out of range")
}
