//! The box's API, as the commands use it.

use std::error::Error;
use std::io::Read;
use std::time::Duration;

use reqwest::blocking::{Body, Client as Http, RequestBuilder, Response};
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use reqwest::{StatusCode, Url};
use rustls::ClientConfig;
use serde_json::Value;

use crate::failure::{Failure, Problem};

/// A box that does not take a connection by then is not there.
const CONNECT_BOUND: Duration = Duration::from_secs(10);

/// Loading a model before the first answer can take this long.
const ANSWER_BOUND: Duration = Duration::from_secs(120);

/// What is streamed may take as long as somebody wants to listen.
const STREAM_BOUND: Duration = Duration::from_secs(24 * 60 * 60);

/// A connection to one box.
pub(crate) struct Client {
    http: Http,
    address: Url,
    api_key: Option<String>,
}

impl Client {
    /// Connects when first asked. Proxies are not used: the box is on this network. Cookies are kept, for
    /// the moment between signing in and having an API key.
    pub(crate) fn new(address: Url, tls: ClientConfig, api_key: Option<String>) -> Result<Self, Failure> {
        let http = Http::builder()
            .tls_backend_preconfigured(tls)
            .https_only(true)
            .no_proxy()
            .redirect(Policy::none())
            .cookie_store(true)
            .connect_timeout(CONNECT_BOUND)
            .timeout(ANSWER_BOUND)
            .user_agent(concat!("anya/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| Failure::Odd { address: address.clone(), reason: innermost(&error) })?;
        Ok(Self { http, address, api_key })
    }

    /// The box's address.
    pub(crate) fn address(&self) -> &Url {
        &self.address
    }

    /// `GET`, with query parameters.
    pub(crate) fn get(&self, path: &str, query: &[(&str, String)]) -> Result<Value, Failure> {
        let mut url = self.url(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.json(self.accepted(self.http.get(url))?)
    }

    /// `GET` of a text.
    pub(crate) fn get_text(&self, path: &str) -> Result<String, Failure> {
        self.accepted(self.http.get(self.url(path)))?
            .text()
            .map_err(|error| Failure::Broken(innermost(&error)))
    }

    /// `GET /readyz`, whose answer is the same whether the box is ready (200) or not (503).
    pub(crate) fn readiness(&self) -> Result<Value, Failure> {
        let response = self.send(self.http.get(self.url("/readyz")))?;
        match response.status() {
            StatusCode::SERVICE_UNAVAILABLE if !is_problem(&response) => self.json(response),
            _ => self.json(self.refuse(response)?),
        }
    }

    /// `POST` of JSON.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.json(self.accepted(self.http.post(self.url(path)).json(body))?)
    }

    /// `POST` without a body.
    pub(crate) fn post_empty(&self, path: &str) -> Result<Value, Failure> {
        self.json(self.accepted(self.http.post(self.url(path)))?)
    }

    /// `POST` of so many bytes, without a bound on the time.
    pub(crate) fn post_bytes(
        &self,
        path: &str,
        bytes: impl Read + Send + 'static,
        length: u64,
    ) -> Result<Value, Failure> {
        let request = self.http.post(self.url(path)).header(CONTENT_TYPE, "application/octet-stream");
        let request = request.body(Body::sized(bytes, length)).timeout(STREAM_BOUND);
        self.json(self.accepted(request)?)
    }

    /// `PUT` of JSON.
    pub(crate) fn put(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.json(self.accepted(self.http.put(self.url(path)).json(body))?)
    }

    /// `POST` of JSON whose answer is read as it comes, without a bound.
    pub(crate) fn post_streaming(&self, path: &str, body: &Value) -> Result<Response, Failure> {
        self.accepted(self.http.post(self.url(path)).json(body).timeout(STREAM_BOUND))
    }

    /// `DELETE`.
    pub(crate) fn delete(&self, path: &str) -> Result<(), Failure> {
        self.accepted(self.http.delete(self.url(path))).map(drop)
    }

    fn url(&self, path: &str) -> Url {
        let mut url = self.address.clone();
        url.set_path(path);
        url
    }

    /// The answer, when it is not a refusal.
    fn accepted(&self, request: RequestBuilder) -> Result<Response, Failure> {
        self.refuse(self.send(request)?)
    }

    fn send(&self, request: RequestBuilder) -> Result<Response, Failure> {
        let request = match &self.api_key {
            Some(key) => request.bearer_auth(key),
            None => request,
        };
        request.send().map_err(|error| self.unsent(&error))
    }

    fn unsent(&self, error: &reqwest::Error) -> Failure {
        let address = self.address.clone();
        if let Some(reason) = certificate_error(error) {
            return Failure::Untrusted { address, reason };
        }
        if error.is_timeout() && !error.is_connect() {
            return Failure::Broken("it took too long".into());
        }
        Failure::Unreachable { address, reason: innermost(error) }
    }

    fn refuse(&self, response: Response) -> Result<Response, Failure> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let problem = is_problem(&response).then(|| response.json::<Problem>());
        match problem {
            Some(Ok(problem)) => Err(Failure::Refused(Box::new(problem))),
            _ => Err(Failure::Odd { address: self.address.clone(), reason: format!("it answers {status}") }),
        }
    }

    fn json(&self, response: Response) -> Result<Value, Failure> {
        let body = response.bytes().map_err(|error| Failure::Broken(innermost(&error)))?;
        serde_json::from_slice(&body)
            .map_err(|_| Failure::Odd { address: self.address.clone(), reason: "it is not JSON".into() })
    }
}

fn is_problem(response: &Response) -> bool {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("application/problem+json"))
}

/// What TLS says of the certificate, when that is why there is no connection.
fn certificate_error(error: &reqwest::Error) -> Option<String> {
    causes(error).find_map(|cause| match cause.downcast_ref::<rustls::Error>()? {
        rustls::Error::InvalidCertificate(reason) => Some(reason.to_string()),
        _ => None,
    })
}

/// The innermost cause, which is what people understand: `Connection refused`.
pub(crate) fn innermost(error: &reqwest::Error) -> String {
    causes(error).last().map_or_else(|| error.to_string(), ToString::to_string)
}

/// The causes, outermost first. An [`std::io::Error`] hides the error that it wraps.
fn causes<'a>(error: &'a reqwest::Error) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let inner = |cause: &&'a (dyn Error + 'static)| -> Option<&'a (dyn Error + 'static)> {
        let cause: &'a (dyn Error + 'static) = *cause;
        match cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => cause.source(),
        }
    };
    std::iter::successors(error.source(), inner)
}
