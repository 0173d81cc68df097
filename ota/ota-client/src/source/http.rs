//! A repository on a server.
//!
//! HTTP/1.1 over TLS by rustls with aws-lc-rs and the system's certificate authorities. What is believed hangs
//! on signatures, not on TLS; TLS hides from the network what the box runs and asks for. So plain `http` is
//! taken on the local network only, and there by number, as a name could lead anywhere.
//!
//! What a server may do:
//! - **No redirect** is followed, not even to the same server: a repository's files lie where they lie, and
//!   the owner named the place.
//! - **Not more** bytes than were promised, and **not too slowly** ([`ota_core::transfer`]); pauses that the
//!   box makes itself, for its limit of bandwidth, do not count.
//! - **Break off**: what came is kept, and the rest is asked for by range (RFC 9110, 14), as long as something
//!   comes each time. An answer with another range ends it; a range with other bytes is found by the digest.

mod address;
mod answer;

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use ota_core::transfer::Transfer;
use ota_core::trust::Refusal;
use ureq::tls::{RootCerts, TlsConfig, TlsProvider};
use ureq::{Agent, Proxy, Timeout};

use super::throttle::Throttle;
use super::{Files, Size, SourceError, Terms};
use address::Reach;
use answer::Answer;

/// How often the rest of a file is asked for.
const RESUMES: u32 = 8;
/// The most bytes that are read at once.
const AT_ONCE: usize = 16 * 1024;
/// Between two looks at the flag that ends it, while the box waits for its limit of bandwidth.
const LOOK: Duration = Duration::from_millis(50);

/// A server with a repository.
#[derive(Debug)]
pub struct HttpServer {
    base: String,
    agent: Agent,
    terms: Terms,
    throttle: Throttle,
    began: Instant,
    paused: Duration,
}

impl HttpServer {
    /// The repository at this address, such as `https://updates.example/anya`.
    ///
    /// # Errors
    /// [`SourceError::BadAddress`].
    pub fn new(address: &str, terms: Terms) -> Result<Self, SourceError> {
        let base = address.trim_end_matches('/').to_owned();
        let reach = Reach::of(&base).ok_or_else(|| SourceError::BadAddress(address.to_owned()))?;
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .root_certs(RootCerts::PlatformVerifier)
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .build();
        let agent = Agent::config_builder()
            .tls_config(tls)
            .https_only(reach == Reach::Anywhere)
            .proxy(if reach == Reach::Anywhere { Proxy::try_from_env() } else { None })
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .timeout_connect(Some(terms.connect))
            .timeout_per_read(Some(terms.pace.window))
            .timeout_global(Some(terms.whole))
            .build()
            .new_agent();
        let throttle = Throttle::new(terms.bandwidth);
        Ok(Self { base, agent, terms, throttle, began: Instant::now(), paused: Duration::ZERO })
    }

    /// The time for the server: without the pauses that the box made.
    fn now(&self) -> Duration {
        self.began.elapsed().saturating_sub(self.paused)
    }

    /// Asks for the file from where `fetched` ends, and adds what comes.
    fn ask(&mut self, url: &str, size: Size, fetched: &mut Fetched) -> Result<End, SourceError> {
        self.terms.cancel.check()?;
        let mut request = self.agent.get(url).header("accept-encoding", "identity");
        let from = fetched.bytes.len();
        if from > 0 {
            request = request.header("range", format!("bytes={from}-"));
        }
        let answer = request.call().map_err(|error| failed(url, error))?;
        let mut body = match answer::read(answer, url, from as u64, size)? {
            Answer::Body(body) => body,
            Answer::FromTheStart(body) => {
                *fetched = Fetched::begin(size, self);
                body
            }
            Answer::Nothing => return Ok(End::NotThere),
            Answer::NoMore => return Ok(End::Early(None)),
        };
        let mut buffer = vec![0; self.throttle.at_once(AT_ONCE)];
        loop {
            self.terms.cancel.check()?;
            let length = match body.read(&mut buffer) {
                Ok(0) => return Ok(End::OfAnswer),
                Ok(length) => length,
                Err(error) => match failed(url, ureq::Error::from(error)) {
                    SourceError::Unreachable { source, .. } => return Ok(End::Early(Some(source))),
                    other => return Err(other),
                },
            };
            fetched.transfer.received(length as u64, self.now()).map_err(|refusal| match refusal {
                Refusal::EndlessResponse { .. } => size.too_long(),
                other => other,
            })?;
            fetched.bytes.extend_from_slice(&buffer[..length]);
            self.pause(length)?;
        }
    }

    /// Waits as long as the limit of bandwidth wants it.
    fn pause(&mut self, came: usize) -> Result<(), SourceError> {
        let begun = Instant::now();
        let wait = self.throttle.came(came, self.began.elapsed());
        while let Some(left) = wait.checked_sub(begun.elapsed()).filter(|left| !left.is_zero()) {
            self.terms.cancel.check()?;
            thread::sleep(left.min(LOOK));
        }
        self.paused += begun.elapsed();
        Ok(())
    }
}

/// What came of a file.
struct Fetched {
    bytes: Vec<u8>,
    transfer: Transfer,
}

impl Fetched {
    fn begin(size: Size, server: &HttpServer) -> Self {
        let transfer = Transfer::begin(size.most() as u64, server.terms.pace, server.now());
        Self { bytes: Vec::new(), transfer }
    }
}

/// How an answer ended.
enum End {
    /// As the server wanted.
    OfAnswer,
    /// Before its end, and why if it is known.
    Early(Option<Box<dyn std::error::Error + Send + Sync>>),
    /// There is no such file.
    NotThere,
}

/// What a failure of the HTTP client is.
fn failed(url: &str, error: ureq::Error) -> SourceError {
    match error {
        ureq::Error::Timeout(Timeout::Connect | Timeout::Resolve) | ureq::Error::Io(_) => {
            SourceError::Unreachable { url: url.to_owned(), source: Box::new(error) }
        }
        ureq::Error::Timeout(_) => Refusal::SlowServer.into(),
        other => SourceError::Unreachable { url: url.to_owned(), source: Box::new(other) },
    }
}

impl Files for HttpServer {
    fn get(&mut self, path: &str, size: Size) -> Result<Option<Vec<u8>>, SourceError> {
        let url = format!("{}/{path}", self.base);
        let mut fetched = Fetched::begin(size, self);
        let mut resumes = 0;
        loop {
            let before = fetched.bytes.len();
            let end = self.ask(&url, size, &mut fetched)?;
            let complete = match (&end, size) {
                (End::NotThere, _) if before == 0 => return Ok(None),
                (End::NotThere, _) => return Err(SourceError::Missing(path.to_owned())),
                (End::OfAnswer, Size::AtMost { .. }) => true,
                (_, Size::Exactly(size)) => fetched.bytes.len() == size,
                (End::Early(_), Size::AtMost { .. }) => false,
            };
            if complete {
                return Ok(Some(fetched.bytes));
            }
            let resume =
                matches!(size, Size::Exactly(_)) && fetched.bytes.len() > before && resumes < RESUMES;
            if resume {
                resumes += 1;
                continue;
            }
            return Err(match end {
                End::Early(Some(source)) => SourceError::BrokenOff { url, source },
                _ => fetched.transfer.end().map_or_else(SourceError::from, |()| SourceError::Missing(url)),
            });
        }
    }
}
