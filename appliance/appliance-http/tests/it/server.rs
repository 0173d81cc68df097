//! The listening side, over real TLS connections on the loopback interface.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use appliance_http::{ServedCertificate, serve, tls_config, tls_config_for};
use axum::Router;
use axum::routing::get;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::sync::CancellationToken;

/// A server under test.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) certificate: CertificateDer<'static>,
    pub(crate) shutdown: CancellationToken,
    pub(crate) task: JoinHandle<()>,
}

/// Serves a router on an ephemeral port.
pub(crate) async fn start(router: Router, shutdown: CancellationToken, drain: Duration) -> Running {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let tls = Arc::new(tls_config(vec![certificate.clone()], key.into()).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let task = tokio::spawn(serve(vec![listener], tls, router, shutdown.clone(), drain));
    Running { address, certificate, shutdown, task }
}

/// A client's side of TLS.
pub(crate) fn client(certificate: &CertificateDer<'static>, alpn: &[&str]) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    config
}

pub(crate) async fn connect(server: &Running, alpn: &[&str]) -> TlsStream<TcpStream> {
    let stream = TcpStream::connect(server.address).await.unwrap();
    let connector = TlsConnector::from(Arc::new(client(&server.certificate, alpn)));
    connector.connect(ServerName::try_from("localhost").unwrap(), stream).await.unwrap()
}

fn get_request(path: &str) -> Request<Empty<Bytes>> {
    Request::get(format!("https://localhost{path}")).header("host", "localhost").body(Empty::new()).unwrap()
}

#[tokio::test]
async fn http_2_and_1_1_are_chosen_by_alpn_over_tls_1_3() {
    let router = Router::new().route("/", get(|| async { "hello" }));
    let server = start(router, CancellationToken::new(), Duration::from_secs(5)).await;

    let stream = connect(&server, &["h2", "http/1.1"]).await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    assert_eq!(stream.get_ref().1.protocol_version(), Some(rustls::ProtocolVersion::TLSv1_3));
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let answer = sender.send_request(get_request("/")).await.unwrap();
    assert_eq!(answer.version(), hyper::Version::HTTP_2);
    assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "hello");

    let stream = connect(&server, &["http/1.1"]).await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    for _ in 0..3 {
        let answer = sender.send_request(get_request("/")).await.unwrap();
        assert_eq!(answer.version(), hyper::Version::HTTP_11);
        answer.into_body().collect().await.unwrap();
        sender.ready().await.unwrap();
    }
}

/// A client's first message in TLS 1.2 (RFC 5246, section 7.4.1.2): no `supported_versions` among its extensions.
fn tls_1_2_hello() -> Vec<u8> {
    let extensions = [
        &[0x00, 0x0a, 0x00, 0x04, 0x00, 0x02, 0x00, 0x1d][..], // groups: x25519
        &[0x00, 0x0d, 0x00, 0x04, 0x00, 0x02, 0x04, 0x03][..], // signatures: ecdsa_secp256r1_sha256
    ]
    .concat();
    let mut hello = vec![0x03, 0x03];
    hello.extend([7; 32]); // random
    hello.extend([0]); // no session
    hello.extend([0x00, 0x02, 0xc0, 0x2b]); // TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
    hello.extend([0x01, 0x00]); // no compression
    hello.extend((extensions.len() as u16).to_be_bytes());
    hello.extend(extensions);
    let mut record = vec![0x16, 0x03, 0x01];
    record.extend((hello.len() as u16 + 4).to_be_bytes());
    record.extend([0x01, 0x00]);
    record.extend((hello.len() as u16).to_be_bytes());
    record.extend(hello);
    record
}

#[tokio::test]
async fn tls_1_2_is_refused() {
    let server = start(Router::new(), CancellationToken::new(), Duration::from_secs(5)).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(&tls_1_2_hello()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert_eq!(answer, [0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 70], "a fatal alert, protocol_version");
}

#[tokio::test]
async fn what_is_under_way_ends_before_the_server_does() {
    let (arrived, arrival) = tokio::sync::oneshot::channel();
    let release = CancellationToken::new();
    let (arrived, released) = (Arc::new(std::sync::Mutex::new(Some(arrived))), release.clone());
    let slow = move || async move {
        arrived.lock().unwrap().take().unwrap().send(()).unwrap();
        released.cancelled().await;
        "done"
    };
    let router = Router::new().route("/slow", get(slow));
    let server = start(router, CancellationToken::new(), Duration::from_secs(60)).await;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(connect(&server, &["http/1.1"]).await))
            .await
            .unwrap();
    tokio::spawn(connection);
    let answer = tokio::spawn(sender.send_request(get_request("/slow")));
    arrival.await.unwrap();

    server.shutdown.cancel();
    release.cancel();
    let answer = answer.await.unwrap().unwrap();
    assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "done");
    server.task.await.unwrap();
    assert!(TcpStream::connect(server.address).await.is_err(), "the listener is closed");
}

#[tokio::test]
async fn what_does_not_end_in_time_is_cut() {
    let router = Router::new().route("/never", get(std::future::pending::<&str>));
    let server = start(router, CancellationToken::new(), Duration::ZERO).await;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(connect(&server, &["http/1.1"]).await))
            .await
            .unwrap();
    let connection = tokio::spawn(connection);
    let answer = sender.send_request(get_request("/never"));
    server.shutdown.cancel();
    server.task.await.unwrap();
    assert!(answer.await.is_err());
    drop(connection);
}

#[tokio::test]
async fn a_new_certificate_is_served_and_connections_that_exist_go_on() {
    let made = || {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        (made.cert.der().clone(), key)
    };
    let ((first, first_key), (second, second_key)) = (made(), made());
    let served = Arc::new(ServedCertificate::new(vec![first.clone()], first_key.into()).unwrap());
    let tls = Arc::new(tls_config_for(Arc::clone(&served)).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let router = Router::new().route("/", get(|| async { "hello" }));
    let task = tokio::spawn(serve(vec![listener], tls, router, shutdown.clone(), Duration::from_secs(5)));
    let mut server = Running { address, certificate: first.clone(), shutdown, task };

    let old = connect(&server, &["http/1.1"]).await;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(old)).await.unwrap();
    tokio::spawn(connection);
    let other_key = PrivatePkcs8KeyDer::from(made().1.secret_pkcs8_der().to_vec());
    assert!(served.replace(vec![second.clone()], other_key.into()).is_err(), "a key of another one");
    served.replace(vec![second.clone()], second_key.into()).unwrap();
    assert_eq!(sender.send_request(get_request("/")).await.unwrap().status(), 200);

    // A client that trusts the new one only.
    server.certificate = second.clone();
    let new = connect(&server, &["http/1.1"]).await;
    assert_eq!(new.get_ref().1.peer_certificates().unwrap(), [second]);
    server.shutdown.cancel();
}
