//! The TLS configuration: version 1.3 only (RFC 8446), aws-lc-rs underneath, hybrid post-quantum key
//! exchange (X25519MLKEM768) preferred.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
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

/// A server's configuration: ALPN `h2` and `http/1.1`, session tickets on, early data (which could be
/// replayed) off. `chain` is the server's certificate first; `key` its private key.
///
/// # Errors
/// When the key does not fit the certificate.
pub fn tls_config(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<ServerConfig, TlsConfigError> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(TlsConfigError::Version)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(TlsConfigError::Certificate)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.ticketer = aws_lc_rs::Ticketer::new().map_err(TlsConfigError::Tickets)?;
    Ok(config)
}
