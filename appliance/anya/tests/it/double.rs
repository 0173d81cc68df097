//! A double of the box: TLS with an authority of its own, and the answers that a test gives it.

use std::collections::{HashMap, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::Value;

/// A request as the double got it.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// `GET /api/v1/system`, with its query.
    pub(crate) line: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Value,
}

/// What requests are answered with, in turn; the last answer stays.
type Answers = HashMap<String, VecDeque<(u16, &'static str, String)>>;

/// The double; it serves until the test's process ends.
pub(crate) struct Double {
    pub(crate) url: String,
    pub(crate) ca_pem: String,
    /// SHA-256 of the server's certificate, hexadecimal.
    pub(crate) fingerprint: String,
    answers: Arc<Mutex<Answers>>,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Double {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let (config, ca_pem, fingerprint) = certificates();
        let answers = Arc::<Mutex<Answers>>::default();
        let requests = Arc::<Mutex<Vec<Request>>>::default();
        let box_of =
            Self { url, ca_pem, fingerprint, answers: Arc::clone(&answers), requests: Arc::clone(&requests) };
        box_of.answer("GET /ca.crt", 200, "application/x-pem-file", &box_of.ca_pem);
        std::thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                let (config, answers, requests) =
                    (Arc::clone(&config), Arc::clone(&answers), Arc::clone(&requests));
                std::thread::spawn(move || serve(socket, config, &answers, &requests));
            }
        });
        box_of
    }

    /// What a request is answered with from now on.
    pub(crate) fn answer(&self, request: &str, status: u16, kind: &'static str, body: &str) {
        let answer = VecDeque::from([(status, kind, body.to_owned())]);
        self.answers.lock().unwrap().insert(request.to_owned(), answer);
    }

    pub(crate) fn json(&self, request: &str, status: u16, body: &Value) {
        self.answer(request, status, "application/json", &body.to_string());
    }

    /// What a request is answered with after what it is answered with now.
    pub(crate) fn then_json(&self, request: &str, status: u16, body: &Value) {
        let answer = (status, "application/json", body.to_string());
        self.answers.lock().unwrap().entry(request.to_owned()).or_default().push_back(answer);
    }

    pub(crate) fn problem(&self, request: &str, status: u16, body: &Value) {
        self.answer(request, status, "application/problem+json", &body.to_string());
    }

    /// The requests so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    pub(crate) fn request(&self, line: &str) -> Request {
        self.requests().into_iter().find(|request| request.line == line).unwrap()
    }
}

fn certificates() -> (Arc<ServerConfig>, String, String) {
    let ca_key = KeyPair::generate().unwrap();
    let mut ca = CertificateParams::new(Vec::new()).unwrap();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca_pem = ca.self_signed(&ca_key).unwrap().pem();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &Issuer::new(ca, ca_key)).unwrap();
    let fingerprint = hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, leaf.der()));
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key)
        .unwrap();
    (Arc::new(config), ca_pem, fingerprint)
}

/// One request on one connection. A client that does not trust us leaves in the middle, which is its right.
fn serve(
    socket: TcpStream,
    config: Arc<ServerConfig>,
    answers: &Mutex<Answers>,
    requests: &Mutex<Vec<Request>>,
) {
    let mut stream = StreamOwned::new(ServerConnection::new(config).unwrap(), socket);
    let Some(request) = read(&mut stream) else { return };
    let unknown = (404, "application/problem+json", r#"{"title":"Not found","status":404}"#.to_owned());
    let (status, kind, body) = next(&mut answers.lock().unwrap(), &request.line).unwrap_or(unknown);
    requests.lock().unwrap().push(request);
    let head = format!(
        "HTTP/1.1 {status} Told\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\
         Set-Cookie: __Host-anya_session=s; Secure; HttpOnly; SameSite=Strict; Path=/\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
    stream.conn.send_close_notify();
    let _ = stream.flush();
}

fn next(answers: &mut Answers, line: &str) -> Option<(u16, &'static str, String)> {
    let answers = answers.get_mut(line)?;
    if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() }
}

fn read(stream: &mut impl Read) -> Option<Request> {
    let mut input = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if input.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let headers: HashMap<_, _> = lines[1..]
        .iter()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let mut body = vec![0; headers.get("content-length").map_or(0, |length| length.parse().unwrap())];
    input.read_exact(&mut body).ok()?;
    let line = lines[0].trim_end_matches(" HTTP/1.1").to_owned();
    Some(Request { line, headers, body: serde_json::from_slice(&body).unwrap_or(Value::Null) })
}
