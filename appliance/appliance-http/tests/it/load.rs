//! temporary
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::harness::TestBox;
use crate::server::{client, start};

async fn measure(name: &str, addr: std::net::SocketAddr, tls: Arc<rustls::ClientConfig>, conns: usize, make: impl Fn() -> Request<Full<Bytes>> + Send + Sync + Clone + 'static) {
    let count = Arc::new(AtomicUsize::new(0));
    let t0 = Instant::now();
    let mut tasks = vec![];
    for _ in 0..conns {
        let (count, make, tls) = (count.clone(), make.clone(), tls.clone());
        tasks.push(tokio::spawn(async move {
            let stream = TcpStream::connect(addr).await.unwrap();
            stream.set_nodelay(true).unwrap();
            let stream = TlsConnector::from(tls).connect(ServerName::try_from("localhost").unwrap(), stream).await.unwrap();
            let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
            tokio::spawn(connection);
            let t0 = Instant::now();
            while t0.elapsed() < Duration::from_secs(3) {
                let answer = sender.send_request(make()).await.unwrap();
                assert_eq!(answer.status(), 200);
                answer.into_body().collect().await.unwrap();
                count.fetch_add(1, Ordering::Relaxed);
                sender.ready().await.unwrap();
            }
        }));
    }
    for t in tasks { t.await.unwrap(); }
    println!("{name} x{conns}: {:.0}/s", count.load(Ordering::Relaxed) as f64 / t0.elapsed().as_secs_f64());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore]
async fn load() {
    if std::env::var_os("LOG").is_some() {
        tracing_subscriber::fmt().json().with_writer(std::io::sink).init();
    }
    let test = TestBox::new().await;
    let key = test.create_key("p256").await;
    let server = start(test.router(), test.shutdown(), Duration::from_secs(5)).await;
    let tls = Arc::new(client(&server.certificate, &["http/1.1"]));
    let bearer = test.bearer();
    for conns in [1, 32] {
        measure("healthz", server.address, tls.clone(), conns, || Request::get("/healthz").header("host", "localhost").body(Full::new(Bytes::new())).unwrap()).await;
        let b = bearer.clone();
        measure("status", server.address, tls.clone(), conns, move || Request::get("/api/v1/bitcoin/status").header("host", "localhost").header("authorization", &b).body(Full::new(Bytes::new())).unwrap()).await;
        let (b, key) = (bearer.clone(), key.clone());
        measure("sign", server.address, tls.clone(), conns, move || Request::post(format!("/api/v1/security/keys/{key}/sign")).header("host", "localhost").header("content-type", "application/json").header("authorization", &b).body(Full::new(Bytes::from_static(b"{\"message\":\"aGVsbG8=\"}"))).unwrap()).await;
    }
}
