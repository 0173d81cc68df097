//! Asks the service how it is.
//!
//! The certificate is not verified: the box's own authority is in the service's keeping, and on this machine
//! nobody but the service listens on that port; so nothing but the service's own answer can be forged, which
//! it could give as it likes anyway.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use ureq::Agent;
use ureq::tls::{TlsConfig, TlsProvider};

/// Where the service answers.
pub(crate) const ADDRESS: &str = "https://127.0.0.1/readyz";
/// How long an answer may take.
const BOUND: Duration = Duration::from_secs(10);
/// The longest answer that is read, bytes.
const LONGEST: u64 = 256 << 10;

/// How the service is, at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    /// The box can be used.
    Healthy,
    /// It answers, and says what is wrong: in words, or nothing.
    Unhealthy(String),
    /// It does not answer.
    Silent,
}

/// What `/readyz` tells.
#[derive(Deserialize)]
struct Readiness {
    components: Vec<Component>,
}

#[derive(Deserialize)]
struct Component {
    name: String,
    state: String,
    required: bool,
    detail: String,
}

/// The way to the service.
pub(crate) struct Readyz {
    address: String,
    agent: Agent,
}

impl Readyz {
    pub(crate) fn at(address: impl Into<String>) -> Self {
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .disable_verification(true)
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .build();
        let agent = Agent::config_builder()
            .tls_config(tls)
            .proxy(None)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .timeout_global(Some(BOUND))
            .build()
            .new_agent();
        Self { address: address.into(), agent }
    }

    /// Asks once.
    pub(crate) fn ask(&self) -> Health {
        let Ok(mut answer) = self.agent.get(&self.address).call() else { return Health::Silent };
        if answer.status().as_u16() == 200 {
            return Health::Healthy;
        }
        let body = answer.body_mut().with_config().limit(LONGEST).read_to_vec().unwrap_or_default();
        Health::Unhealthy(complaints(&body))
    }
}

/// The required parts that do not work, and what they say.
fn complaints(body: &[u8]) -> String {
    let Ok(readiness) = serde_json::from_slice::<Readiness>(body) else { return String::new() };
    let fails = |part: &Component| part.required && !matches!(part.state.as_str(), "ready" | "off");
    let told = readiness.components.into_iter().filter(fails).map(|part| match part.detail.as_str() {
        "" => format!("{} is {}", part.name, part.state),
        detail => format!("{}: {detail}", part.name),
    });
    told.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests;
