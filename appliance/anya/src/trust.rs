//! Whom this program trusts: the box's own certificate authority, and at the first contact nobody.
//!
//! The first contact asks the box for its authority over a connection whose certificate is only looked
//! at, and sends nothing. A person (or a fingerprint given beforehand) then says whether that certificate
//! is the box's. As TLS proves that who answered holds the certificate's key, the authority came from the
//! box too. From then on only certificates of this authority are accepted.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls13_signature};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

/// TLS 1.3 that accepts only certificates of one authority, and only for the name that was asked.
///
/// # Errors
/// When the certificate is none that can be an authority.
pub(crate) fn only(authority: CertificateDer<'static>) -> Result<ClientConfig, Error> {
    let mut roots = RootCertStore::empty();
    roots.add(authority)?;
    Ok(tls13(Arc::new(aws_lc_rs::default_provider()))?.with_root_certificates(roots).with_no_client_auth())
}

/// TLS 1.3 that accepts any certificate and keeps it in `seen`. Nothing secret may be sent over it.
///
/// # Errors
/// Never with the provider that this program has.
pub(crate) fn looking(seen: &Arc<Seen>) -> Result<ClientConfig, Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = Looking { provider: Arc::clone(&provider), seen: Arc::clone(seen) };
    Ok(tls13(provider)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth())
}

type Builder = rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>;

fn tls13(provider: Arc<CryptoProvider>) -> Result<Builder, Error> {
    ClientConfig::builder_with_provider(provider).with_protocol_versions(&[&rustls::version::TLS13])
}

/// The certificate that a server showed.
#[derive(Debug, Default)]
pub(crate) struct Seen(Mutex<Option<CertificateDer<'static>>>);

impl Seen {
    /// The certificate, once there was a handshake.
    pub(crate) fn certificate(&self) -> Option<CertificateDer<'static>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Accepts any certificate, but not one whose key the server does not hold.
#[derive(Debug)]
struct Looking {
    provider: Arc<CryptoProvider>,
    seen: Arc<Seen>,
}

impl ServerCertVerifier for Looking {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        *self.seen.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(end_entity.clone().into_owned());
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("TLS 1.2 is not used".into()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
