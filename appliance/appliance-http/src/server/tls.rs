//! The TLS configuration: version 1.3 only (RFC 8446), aws-lc-rs underneath, hybrid post-quantum key
//! exchange (X25519MLKEM768) preferred.

use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// A certificate and key that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsConfigError {
    /// The provider does not offer TLS 1.3.
    #[error("set up TLS 1.3")]
    Version(#[source] rustls::Error),
    /// The key does not fit the certificate, or is of a kind that is not known.
    #[error("use the server's certificate with its key")]
    Certificate(#[source] rustls::Error),
    /// No random key for session tickets.
    #[error("make a key for session tickets")]
    Tickets(#[source] rustls::Error),
}

/// The certificate that new connections are shown. It can be exchanged at any time; connections that
/// exist go on as they are.
#[derive(Debug)]
pub struct ServedCertificate(RwLock<Arc<CertifiedKey>>);

impl ServedCertificate {
    /// Serves `chain`, the server's certificate first; `key` is its private key.
    ///
    /// # Errors
    /// `Certificate` when the key does not fit the certificate.
    pub fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, TlsConfigError> {
        Ok(Self(RwLock::new(certified(chain, key)?)))
    }

    /// Serves another one from now on.
    ///
    /// # Errors
    /// `Certificate` when the key does not fit the certificate; the one before stays.
    pub fn replace(
        &self,
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<(), TlsConfigError> {
        let certified = certified(chain, key)?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = certified;
        Ok(())
    }
}

impl ResolvesServerCert for ServedCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

fn certified(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<Arc<CertifiedKey>, TlsConfigError> {
    CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider())
        .map(Arc::new)
        .map_err(TlsConfigError::Certificate)
}

/// A server's configuration: ALPN `h2` and `http/1.1`, session tickets on, early data (which could be
/// replayed) off. `chain` is the server's certificate first; `key` its private key.
///
/// # Errors
/// When the key does not fit the certificate.
pub fn tls_config(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<ServerConfig, TlsConfigError> {
    tls_config_for(Arc::new(ServedCertificate::new(chain, key)?))
}

/// [`tls_config`] for a certificate that is exchanged while the server runs.
///
/// # Errors
/// When the provider does not offer TLS 1.3 or has no randomness.
pub fn tls_config_for(certificate: Arc<ServedCertificate>) -> Result<ServerConfig, TlsConfigError> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(TlsConfigError::Version)?
        .with_no_client_auth()
        .with_cert_resolver(certificate);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.ticketer = aws_lc_rs::Ticketer::new().map_err(TlsConfigError::Tickets)?;
    Ok(config)
}
