//! An HTTP/1.1 client over TLS 1.3 that keeps its connections and trusts the box's own authority only.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use bytes::Bytes;
use http::response::Parts;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Opens connections to one box.
#[derive(Clone)]
pub(crate) struct Client {
    connector: TlsConnector,
    host: String,
    port: u16,
}

/// One connection, kept between requests.
pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    authority: String,
}

impl Client {
    /// For a box at `https://host:port`.
    pub(crate) fn new(url: &str, authority_file: &Path) -> anyhow::Result<Self> {
        let url: http::Uri = url.parse().with_context(|| format!("{url} is no address"))?;
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(authority_file).context("reading the authority")?)?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            connector: TlsConnector::from(Arc::new(config)),
            host: url.host().context("the address has no host")?.to_owned(),
            port: url.port_u16().context("the address has no port")?,
        })
    }

    pub(crate) async fn connect(&self) -> anyhow::Result<Connection> {
        // The service listens on 127.0.0.1 here, whatever name it shows.
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await.context("connecting")?;
        stream.set_nodelay(true)?;
        let name = ServerName::try_from(self.host.clone())?;
        let stream = self.connector.connect(name, stream).await.context("the TLS handshake")?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await.context("the HTTP handshake")?;
        // Its error reaches the request that it breaks.
        tokio::spawn(async move {
            let _ = connection.await;
        });
        Ok(Connection { sender, authority: format!("{}:{}", self.host, self.port) })
    }

    /// One request on a connection of its own.
    pub(crate) async fn once(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> anyhow::Result<(Parts, Bytes)> {
        let mut connection = self.connect().await?;
        let answer = connection.send(method, path, headers, body.into()).await?;
        let (parts, body) = answer.into_parts();
        Ok((parts, body.collect().await?.to_bytes()))
    }
}

impl Connection {
    /// Sends a request; the answer's body is not read yet.
    pub(crate) async fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> anyhow::Result<Response<Incoming>> {
        let mut request = Request::builder().method(method).uri(path).header("host", &self.authority);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !body.is_empty() {
            request = request.header("content-type", "application/json");
        }
        self.sender.ready().await?;
        Ok(self.sender.send_request(request.body(Full::new(body))?).await?)
    }
}
