use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::*;

const SICK: &str = r#"{"status":"not_ready","components":[
    {"name":"store","state":"failed","required":true,"detail":"The disk is full."},
    {"name":"hsm","state":"degraded","required":false,"detail":"No token."},
    {"name":"audit","state":"starting","required":true,"detail":""},
    {"name":"node","state":"off","required":true,"detail":""},
    {"name":"web","state":"ready","required":true,"detail":""}]}"#;

/// A service with a certificate of its own, which answers once.
fn answering(status: u16, body: &'static str) -> String {
    let certified = rcgen::generate_simple_self_signed(["anya.local".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(certified.signing_key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .unwrap();
    serving(move |stream| {
        let connection = ServerConnection::new(Arc::new(config.clone())).unwrap();
        let mut stream = StreamOwned::new(connection, stream);
        let mut request = [0; 4096];
        let length = stream.read(&mut request).unwrap();
        assert!(request[..length].starts_with(b"GET /readyz HTTP/1.1\r\n"));
        let head =
            format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
        stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).unwrap();
        stream.conn.send_close_notify();
        let _ = stream.flush();
    })
}

fn serving(serve: impl FnOnce(TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("https://{}/readyz", listener.local_addr().unwrap());
    thread::spawn(move || serve(listener.accept().unwrap().0));
    address
}

#[test]
fn whatever_certificate_the_service_has_its_answer_counts() {
    assert_eq!(Readyz::at(answering(200, "{}")).ask(), Health::Healthy);
    let told = "store: The disk is full.; audit is starting".to_owned();
    assert_eq!(Readyz::at(answering(503, SICK)).ask(), Health::Unhealthy(told));
    assert_eq!(Readyz::at(answering(500, "no JSON")).ask(), Health::Unhealthy(String::new()));
    assert_eq!(Readyz::at(answering(302, "")).ask(), Health::Unhealthy(String::new()));
}

#[test]
fn who_is_not_there_or_hangs_up_does_not_answer() {
    assert_eq!(Readyz::at(serving(drop)).ask(), Health::Silent);
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_eq!(Readyz::at(format!("https://{free}/readyz")).ask(), Health::Silent);
}
