//! The stream of domain events, as a program hears it.

use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::{ClientConnection, StreamOwned};
use rustls_pki_types::pem::PemObject;
use serde_json::Value;
use tungstenite::client::IntoClientRequest;
use tungstenite::{Message, WebSocket};

use crate::boxed::{Box, PATIENCE};

/// An open connection to `/api/v1/events`.
pub(crate) struct Events(WebSocket<StreamOwned<ClientConnection, TcpStream>>);

impl Box {
    /// Listens to events from now on.
    pub(crate) fn events(&self) -> Events {
        let pem = std::fs::read(self.data.join("tls/ca.crt")).unwrap();
        let mut roots = rustls::RootCertStore::empty();
        roots.add(rustls_pki_types::CertificateDer::from_pem_slice(&pem).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let host = self.url.strip_prefix("https://").unwrap();
        let name = host.split(':').next().unwrap().to_owned().try_into().unwrap();
        let tls = ClientConnection::new(Arc::new(config), name).unwrap();
        let tcp = TcpStream::connect(host).unwrap();
        tcp.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let mut request = format!("wss://{host}/api/v1/events").into_client_request().unwrap();
        request.headers_mut().insert("authorization", format!("Bearer {}", self.api_key()).parse().unwrap());
        let (socket, _) = tungstenite::client(request, StreamOwned::new(tls, tcp)).unwrap();
        Events(socket)
    }
}

impl Events {
    /// Waits for an event.
    pub(crate) fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Message::Text(text) = self.0.read().unwrap() {
                let event: Value = serde_json::from_str(&text).unwrap();
                if wanted(&event) {
                    return event;
                }
            }
        }
        panic!("the event did not come");
    }
}
