//! Gets files over HTTPS, within bounds: so many bytes, so much time, and from one place only.
//!
//! Nothing that comes is trusted here; who calls checks hashes and signatures. What is bounded is what a
//! server can do without being found out: answer endlessly, answer a byte a minute, or send the client
//! elsewhere. Redirects are not followed at all: the lock file names the place.
//!
//! Plain `http` is taken for this machine only (the tests' server); there proxies are left out, too.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use thiserror::Error;
use ureq::tls::{RootCerts, TlsConfig, TlsProvider};
use ureq::{Agent, Body, Proxy};

/// How long a server may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Until it is connected, and until an answer begins.
    pub begin: Duration,
    /// For all of one answer.
    pub whole: Duration,
}

impl Default for Patience {
    /// Enough for an archive of 100 MB at 100 kB/s.
    fn default() -> Self {
        Self { begin: Duration::from_secs(30), whole: Duration::from_secs(1000) }
    }
}

/// Why a file did not come.
#[derive(Debug, Error)]
pub enum DownloadError {
    /// An address that is not to be used.
    #[error("{0} is not an https address")]
    BadAddress(String),
    /// No answer, or one that broke off or took too long.
    #[error("{url} could not be fetched")]
    Transfer {
        /// What was asked for.
        url: String,
        /// From the client.
        #[source]
        source: Box<ureq::Error>,
    },
    /// The answer broke off or took too long.
    #[error("{url} came in part only")]
    CutOff {
        /// What was asked for.
        url: String,
        /// From the client.
        #[source]
        source: io::Error,
    },
    /// An answer, but not the file.
    #[error("{url} is not there: the server answered {status}")]
    Status {
        /// What was asked for.
        url: String,
        /// Of HTTP.
        status: u16,
    },
    /// A redirect.
    #[error("{url} was redirected to {target}: only the place in the lock file is taken")]
    Redirected {
        /// What was asked for.
        url: String,
        /// Where it went.
        target: String,
    },
    /// More bytes than can be right.
    #[error("{url} is larger than {limit} bytes: it cannot be what it should be")]
    TooLarge {
        /// What was asked for.
        url: String,
        /// The most that is taken.
        limit: u64,
    },
    /// Writing it failed.
    #[error("what {url} holds could not be written")]
    Write {
        /// What was asked for.
        url: String,
        /// From the system.
        #[source]
        source: io::Error,
    },
}

/// Gets files below one address.
#[derive(Debug)]
pub struct Downloads {
    base_url: String,
    agent: Agent,
}

impl Downloads {
    /// Files below `base_url`.
    ///
    /// # Errors
    /// An address that is not `https://` (or `http://` on a loopback address).
    pub fn new(base_url: &str, patience: Patience) -> Result<Self, DownloadError> {
        let base_url = base_url.trim_end_matches('/').to_owned();
        let loopback = is_loopback(&base_url);
        if !base_url.starts_with("https://") && !loopback {
            return Err(DownloadError::BadAddress(base_url));
        }
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .root_certs(RootCerts::PlatformVerifier)
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .build();
        let agent = Agent::config_builder()
            .tls_config(tls)
            .https_only(!loopback)
            .proxy(if loopback { None } else { Proxy::try_from_env() })
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .timeout_connect(Some(patience.begin))
            .timeout_recv_response(Some(patience.begin))
            .timeout_global(Some(patience.whole))
            .build()
            .new_agent();
        Ok(Self { base_url, agent })
    }

    /// The text of a small file.
    ///
    /// # Errors
    /// See [`DownloadError`].
    pub fn bytes(&self, name: &str, limit: u64) -> Result<Vec<u8>, DownloadError> {
        let mut bytes = Vec::new();
        self.write(name, limit, &mut bytes)?;
        Ok(bytes)
    }

    /// Writes a file of at most `limit` bytes to `to`, and gives its SHA-256 in hexadecimal.
    ///
    /// # Errors
    /// See [`DownloadError`]; what was written by then is of no use.
    pub fn write(&self, name: &str, limit: u64, to: &mut dyn Write) -> Result<String, DownloadError> {
        let url = format!("{}/{name}", self.base_url);
        let body = self.answer(&url)?;
        if body.content_length().is_some_and(|length| length > limit) {
            return Err(DownloadError::TooLarge { url, limit });
        }
        let mut body = body.into_with_config().limit(limit + 2).reader();
        let mut hash = Context::new(&SHA256);
        let mut buffer = vec![0; 64 * 1024];
        let mut taken = 0;
        loop {
            let length = match body.read(&mut buffer) {
                Ok(0) => break,
                Ok(length) => length,
                Err(source) => return Err(DownloadError::CutOff { url, source }),
            };
            taken += length as u64;
            if taken > limit {
                return Err(DownloadError::TooLarge { url, limit });
            }
            hash.update(&buffer[..length]);
            to.write_all(&buffer[..length])
                .map_err(|source| DownloadError::Write { url: url.clone(), source })?;
        }
        Ok(hex::encode(hash.finish()))
    }

    fn answer(&self, url: &str) -> Result<Body, DownloadError> {
        let answer =
            self.agent.get(url).header("accept-encoding", "identity").call().map_err(|source| {
                DownloadError::Transfer { url: url.to_owned(), source: Box::new(source) }
            })?;
        let status = answer.status();
        if status.is_redirection() {
            let target = answer.headers().get("location").map(|to| to.as_bytes()).unwrap_or_default();
            let target = String::from_utf8_lossy(target).into_owned();
            return Err(DownloadError::Redirected { url: url.to_owned(), target });
        }
        if status.as_u16() != 200 {
            return Err(DownloadError::Status { url: url.to_owned(), status: status.as_u16() });
        }
        Ok(answer.into_body())
    }
}

/// Whether the address is `http` on this machine, told by number: a name could lead anywhere.
fn is_loopback(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else { return false };
    let authority = rest.split('/').next().unwrap_or_default();
    authority.parse().is_ok_and(|address: std::net::SocketAddr| address.ip().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::{Downloads, Patience};

    #[test]
    fn only_https_leaves_the_machine() {
        for (url, taken) in [
            ("https://bitcoin.example/bin", true),
            ("http://127.0.0.1:8080/bin", true),
            ("http://[::1]:8080", true),
            ("http://bitcoin.example/bin", false),
            ("http://localhost:8080", false),
            ("http://127.0.0.1:80@bitcoin.example/", false),
            ("http://127.0.0.1.bitcoin.example:80/", false),
            ("file:///etc", false),
            ("", false),
        ] {
            assert_eq!(Downloads::new(url, Patience::default()).is_ok(), taken, "{url}");
        }
    }
}
