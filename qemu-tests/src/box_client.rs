//! A client of the box, on a port of loopback: what an owner's programs see.
//!
//! The certificate is taken as it is served: these tests are about the machine, and the trust between a
//! person's device and the box has its own tests in the service's crate.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use reqwest::blocking::{Client, RequestBuilder};
use serde_json::{Value, json};

/// The bound on one answer: an emulated machine is slow, and more so while it boots.
const PATIENCE: Duration = Duration::from_secs(90);

/// The bound on a connection to a box that may not be there yet.
const GLANCE: Duration = Duration::from_secs(10);

/// The first administrator that the tests make.
pub const NAME: &str = "ada";
/// The password of that administrator.
pub const PASSWORD: &str = "correct horse battery staple";

/// An answer: the status and the body, which is null where it is empty or no JSON.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Value,
}

/// A client, signed in or not.
#[derive(Clone)]
pub struct BoxClient {
    http: Client,
    url: String,
    key: Option<String>,
}

impl BoxClient {
    /// A client of the box behind this port of loopback, not signed in.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(port: u16) -> Result<Self> {
        // Another machine may have been first.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let http = Client::builder()
            .tls_danger_accept_invalid_certs(true)
            .connect_timeout(GLANCE)
            .timeout(PATIENCE)
            // Each request has its own connection: one that a power cut left open must not be taken again.
            .pool_max_idle_per_host(0)
            .build()?;
        Ok(Self { http, url: format!("https://127.0.0.1:{port}"), key: None })
    }

    /// The same, signed in by this API key.
    #[must_use]
    pub fn with_key(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    /// Where the box is.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Claims the box with the code from its console, and gives an API key for later.
    ///
    /// # Errors
    /// When the box refuses.
    pub fn claim(&self, code: &str) -> Result<String> {
        let body = json!({"code": code, "username": NAME, "password": PASSWORD});
        let claimed = self.request("POST", "/api/v1/access/claim").json(&body).send()?;
        if claimed.status() != 201 {
            bail!("the box was not claimed: {}", claimed.text()?);
        }
        let cookie = claimed.headers().get("set-cookie").context("no session cookie")?.to_str()?;
        let cookie = cookie.split(';').next().unwrap_or_default();
        let key = self.request("POST", "/api/v1/access/api-keys").header("cookie", cookie);
        let key: Value = key.json(&json!({"label": "tests"})).send()?.json()?;
        Ok(key["secret"].as_str().with_context(|| format!("no API key: {key}"))?.to_owned())
    }

    /// The fault that the box tells of, or null; `None` while it serves nothing or is not ready.
    #[must_use]
    pub fn serves(&self) -> Option<Value> {
        let fault = self.request("GET", "/api/v1/system/fault").timeout(GLANCE).send().ok()?;
        let fault: Value = fault.json().ok()?;
        if !fault["fault"].is_null() {
            return Some(fault["fault"].clone());
        }
        let ready = self.request("GET", "/readyz").timeout(GLANCE).send().ok()?;
        (ready.status() == 200).then_some(Value::Null)
    }

    /// Asks once.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Answer> {
        let request = self.request(method, path);
        let request = if let Some(body) = body { request.json(body) } else { request };
        let response = request.send().with_context(|| format!("{method} {path}"))?;
        let status = response.status().as_u16();
        let text = response.text().with_context(|| format!("{method} {path}"))?;
        Ok(Answer { status, body: serde_json::from_str(&text).unwrap_or(Value::Null) })
    }

    /// Sends a file.
    ///
    /// # Errors
    /// When it cannot be read, or there is no answer.
    pub fn upload(&self, path: &str, file: &std::path::Path) -> Result<Answer> {
        let body = std::fs::File::open(file)?;
        let request = self.request("POST", path).header("content-type", "application/octet-stream");
        // An emulated machine writes it slowly.
        let response =
            request.body(body).timeout(4 * PATIENCE).send().with_context(|| format!("POST {path}"))?;
        let status = response.status().as_u16();
        Ok(Answer { status, body: serde_json::from_str(&response.text()?).unwrap_or(Value::Null) })
    }

    /// GET, which has to succeed.
    ///
    /// # Errors
    /// When the answer is not 200.
    pub fn get(&self, path: &str) -> Result<Value> {
        Self::expect(self.ask("GET", path, None)?, 200, path)
    }

    /// POST, which has to be answered with `status`.
    ///
    /// # Errors
    /// When it is not.
    pub fn post(&self, path: &str, body: &Value, status: u16) -> Result<Value> {
        Self::expect(self.ask("POST", path, Some(body))?, status, path)
    }

    /// PUT, which has to succeed.
    ///
    /// # Errors
    /// When the answer is not 200.
    pub fn put(&self, path: &str, body: &Value) -> Result<Value> {
        Self::expect(self.ask("PUT", path, Some(body))?, 200, path)
    }

    /// Asks again until `wanted` is content, over any error on the way.
    ///
    /// # Errors
    /// When that is not within the time: with the last answer.
    pub fn until(&self, path: &str, within: Duration, wanted: impl Fn(&Value) -> bool) -> Result<Value> {
        let deadline = Instant::now() + within;
        loop {
            let answer = self.ask("GET", path, None);
            match answer {
                Ok(answer) if wanted(&answer.body) => return Ok(answer.body),
                answer if Instant::now() > deadline => bail!("{path} after {within:?}: {answer:?}"),
                _ => std::thread::sleep(Duration::from_millis(250)),
            }
        }
    }

    fn expect(answer: Answer, status: u16, path: &str) -> Result<Value> {
        if answer.status != status {
            bail!("{path}: {} and not {status}: {}", answer.status, answer.body);
        }
        Ok(answer.body)
    }

    fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = method.parse().expect("the tests name methods of HTTP");
        let request = self.http.request(method, format!("{}{path}", self.url));
        match &self.key {
            Some(key) => request.bearer_auth(key),
            None => request,
        }
    }
}
