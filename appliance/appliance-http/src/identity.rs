//! What the box says of itself.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// Where the box runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// On a developer's machine.
    Developer,
    /// From its image, on a machine of its own.
    Appliance,
}

impl Profile {
    /// The serialised name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Developer => "developer",
            Self::Appliance => "appliance",
        }
    }
}

/// The certificates, in forms that people compare.
#[derive(Clone, Debug)]
pub struct CertificateIdentity {
    /// SHA-256 of the server's certificate (DER): 32 bytes, upper-case hexadecimal with colons.
    pub sha256: String,
    /// The same fingerprint as six English words.
    pub words: Vec<String>,
    /// SHA-256 of the certificate authority's certificate, in the same form.
    pub ca_sha256: String,
    /// The certificate authority's certificate, PEM.
    pub ca_pem: String,
}

/// What the box says of itself; fixed while the service runs.
#[derive(Clone, Debug)]
pub struct BoxIdentity {
    /// Version of the service.
    pub version: String,
    /// Where it runs.
    pub profile: Profile,
    /// When it started.
    pub started_at: Timestamp,
    /// Where people reach it: `https://localhost:8443`.
    pub address: String,
    /// Its certificates.
    pub certificate: CertificateIdentity,
}
