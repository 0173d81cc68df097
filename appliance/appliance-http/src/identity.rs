//! What the box says of itself.

use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::watch;
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

/// What changes while the service runs, as the network does.
#[derive(Clone, Debug)]
pub struct Presence {
    /// Where people reach the box: `https://localhost:8443`.
    pub address: String,
    /// The certificates that it shows now.
    pub certificate: CertificateIdentity,
}

/// What the box says of itself.
#[derive(Clone, Debug)]
pub struct BoxIdentity {
    /// Version of the service.
    pub version: String,
    /// Where it runs.
    pub profile: Profile,
    /// When it started.
    pub started_at: Timestamp,
    /// Where it is reached and what it shows there.
    pub presence: watch::Receiver<Presence>,
}

impl BoxIdentity {
    /// Where the box is reached now and what it shows there.
    pub fn presence(&self) -> Presence {
        self.presence.borrow().clone()
    }
}
