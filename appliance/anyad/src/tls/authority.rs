//! The box's own certificate authority. Its key never leaves the HSM.
//!
//! People install this authority in their browsers, so it can certify local names and private
//! addresses only (name constraints, RFC 5280 section 4.2.1.10): whoever got hold of it could still
//! not pose as their bank.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use appliance_core::keys::encoding::ecdsa_raw_to_der;
use aws_lc_rs::digest;
use hal_api::{
    HalErrorKind, KeyAlgorithm, KeyId, KeySpec, PublicKey, SignRequest, SignatureScheme, Signer, Token,
};
use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, GeneralSubtree, IsCa, Issuer, KeyUsagePurpose,
    NameConstraints, PublicKeyData, SignatureAlgorithm, SigningKey,
};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::Names;
use super::server::{offset_date_time, serial_number};
use crate::data_folder::{read_if_there, write_private};

/// The authority's key on the token: a fixed id, so that it is found again by itself.
const KEY_ID: KeyId = KeyId(*b"anya-box-local-a");

/// Ten years: people install it once.
const LIFETIME: SignedDuration = SignedDuration::from_hours(24 * 3650);

/// Domains that no public authority certifies (RFC 6761, 6762, 8375, ICANN's `.internal`).
const LOCAL_DOMAINS: [&str; 4] = ["localhost", "local", "home.arpa", "internal"];

/// Loopback, private and link-local networks (RFC 1122, 1918, 3927, 4193, 4291).
const PRIVATE_NETWORKS: [(&str, u8); 8] = [
    ("127.0.0.0", 8),
    ("10.0.0.0", 8),
    ("172.16.0.0", 12),
    ("192.168.0.0", 16),
    ("169.254.0.0", 16),
    ("::1", 128),
    ("fc00::", 7),
    ("fe80::", 10),
];

/// The authority: its certificate and the key that issues others.
pub(super) struct Authority {
    certificate: CertificateDer<'static>,
    pem: String,
    key: HsmKey,
}

impl Authority {
    /// Reads the authority's certificate, or makes key and certificate.
    pub(super) fn load_or_make(token: &Token, folder: &Path, now: Timestamp) -> Result<Self> {
        let key = HsmKey::load_or_make(token)?;
        let path = folder.join("ca.crt");
        if let Some(pem) = read_if_there(&path)? {
            let certificate = CertificateDer::from_pem_slice(&pem);
            if let Ok(certificate) = certificate
                && fits(&certificate, &key, now)
            {
                let pem = String::from_utf8_lossy(&pem).into_owned();
                return Ok(Self { certificate, pem, key });
            }
            tracing::warn!(
                "the certificate authority does not belong to this token's key, or ran out: making a new one"
            );
        }
        let certificate =
            params(now)?.self_signed(&key).context("cannot make the box's certificate authority")?;
        let pem = certificate.pem();
        write_private(&path, pem.as_bytes())?;
        Ok(Self { certificate: certificate.der().clone(), pem, key })
    }

    pub(super) fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    pub(super) fn pem(&self) -> &str {
        &self.pem
    }

    /// Issues a certificate.
    pub(super) fn issue(
        &self,
        params: &CertificateParams,
        key: &impl PublicKeyData,
    ) -> Result<CertificateDer<'static>> {
        let issuer = Issuer::from_ca_cert_der(&self.certificate, &self.key)
            .context("cannot read the box's certificate authority")?;
        let certificate = params.signed_by(key, &issuer).context("cannot issue the server certificate")?;
        Ok(certificate.der().clone())
    }
}

/// Says which configured name the authority may not certify, if any.
pub(super) fn check_names(names: &Names) -> Result<()> {
    let local = |name: &str| {
        LOCAL_DOMAINS.iter().any(|domain| name == *domain || name.ends_with(&format!(".{domain}")))
    };
    if let Some(name) = names.dns.iter().find(|name| !local(name)) {
        bail!(
            "key `http.hostnames` has `{name}`; the box certifies local names only, ending in {}",
            LOCAL_DOMAINS.join(", ")
        );
    }
    if let Some(address) = names.addresses.iter().find(|address| !is_private(**address)) {
        bail!(
            "key `http.listen` has {address}; the box certifies loopback, private and link-local addresses only"
        );
    }
    Ok(())
}

/// Whether the authority may certify this address.
pub(crate) fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

fn params(now: Timestamp) -> Result<CertificateParams> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "Anya Box local authority");
    params.distinguished_name.push(DnType::OrganizationName, "Anya Box");
    params.serial_number = Some(serial_number()?);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    params.not_before = offset_date_time(now - SignedDuration::from_hours(24))?;
    params.not_after = offset_date_time(now + LIFETIME)?;
    let mut permitted: Vec<_> =
        LOCAL_DOMAINS.iter().map(|domain| GeneralSubtree::DnsName((*domain).to_owned())).collect();
    for (network, prefix) in PRIVATE_NETWORKS {
        let network = network.parse().context("a constant network address")?;
        permitted.push(GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(network, prefix)));
    }
    params.name_constraints =
        Some(NameConstraints { permitted_subtrees: permitted, excluded_subtrees: Vec::new() });
    Ok(params)
}

/// Whether a certificate is of this key and has a year left to serve.
fn fits(certificate: &CertificateDer<'_>, key: &HsmKey, now: Timestamp) -> bool {
    let Ok((_, parsed)) = X509Certificate::from_der(certificate) else { return false };
    let year_ahead = (now + SignedDuration::from_hours(24 * 365)).as_second();
    parsed.public_key().subject_public_key.data.as_ref() == key.point
        && parsed.validity().not_after.timestamp() > year_ahead
}

/// A P-256 key on a token, as rcgen signs with it.
struct HsmKey {
    signer: Arc<dyn Signer>,
    point: Vec<u8>,
}

impl HsmKey {
    fn load_or_make(token: &Token) -> Result<Self> {
        let public = match token.keys.public_key(&KEY_ID) {
            Err(error) if error.kind == HalErrorKind::NotFound => token.keys.generate(&KeySpec {
                id: KEY_ID,
                algorithm: KeyAlgorithm::P256,
                label: "Anya Box local authority".into(),
            }),
            other => other,
        };
        match public.context("cannot get the certificate authority's key from the HSM")? {
            PublicKey::P256 { point } => Ok(Self { signer: Arc::clone(&token.signer), point }),
            other => bail!("the certificate authority's key is {}, not P-256", other.algorithm().name()),
        }
    }
}

impl PublicKeyData for HsmKey {
    fn der_bytes(&self) -> &[u8] {
        &self.point
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

impl SigningKey for HsmKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let payload = digest::digest(&digest::SHA256, message).as_ref().to_vec();
        let request = SignRequest { key: KEY_ID, scheme: SignatureScheme::EcdsaSha256, payload };
        let raw = self.signer.sign(&request).map_err(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "the HSM did not sign a certificate");
            rcgen::Error::RemoteKeyError
        })?;
        Ok(ecdsa_raw_to_der(&raw))
    }
}
