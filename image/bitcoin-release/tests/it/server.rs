//! A server on the loopback interface that gives the answers it is told to, right or wrong.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What the server answers.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// The file.
    File(Vec<u8>),
    /// A status without a file.
    Status(u16),
    /// Elsewhere.
    Redirect(String),
    /// Fewer bytes than announced, then the end.
    Part(Vec<u8>),
    /// Bytes without an end and without a length.
    Endless,
    /// Announces far too much, and sends nothing of it.
    Huge,
    /// One byte now and then.
    Dribble,
    /// Takes the request and says nothing.
    Silence,
}

/// The server; it lives as long as the test's process.
pub(crate) struct Server {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers by the path without its first `/`; what is not there is a 404.
    pub(crate) fn start(answers: BTreeMap<String, Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (answers, log) = (answers.clone(), Arc::clone(&log));
                thread::spawn(move || serve(stream, &answers, &log));
            }
        });
        Self { address, asked }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The paths that were asked for, in their order.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, answers: &BTreeMap<String, Answer>, log: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let mut request = String::new();
        if reader.read_line(&mut request).unwrap_or(0) == 0 {
            return;
        }
        let mut header = String::new();
        while reader.read_line(&mut header).is_ok_and(|length| length > 2) {
            header.clear();
        }
        let path = request.split(' ').nth(1).unwrap().trim_start_matches('/').to_owned();
        let answer = answers.get(&path).cloned().unwrap_or(Answer::Status(404));
        log.lock().unwrap().push(path);
        // A client that hangs up is what most of the tests are about.
        if !matches!(give(&mut stream, answer), Ok(true)) {
            return;
        }
    }
}

/// Whether the connection can be used again.
fn give(stream: &mut TcpStream, answer: Answer) -> std::io::Result<bool> {
    let head = |status: u16, more: &str| format!("HTTP/1.1 {status} X\r\n{more}\r\n");
    match answer {
        Answer::File(bytes) => {
            stream.write_all(head(200, &format!("content-length: {}\r\n", bytes.len())).as_bytes())?;
            stream.write_all(&bytes)?;
            return Ok(true);
        }
        Answer::Status(status) => {
            stream.write_all(head(status, "content-length: 0\r\n").as_bytes())?;
            return Ok(true);
        }
        Answer::Redirect(to) => {
            let headers = format!("location: {to}\r\ncontent-length: 0\r\n");
            stream.write_all(head(302, &headers).as_bytes())?;
            return Ok(true);
        }
        Answer::Part(bytes) => {
            stream.write_all(head(200, &format!("content-length: {}\r\n", bytes.len() + 1)).as_bytes())?;
            stream.write_all(&bytes)?;
        }
        Answer::Endless => {
            stream.write_all(head(200, "connection: close\r\n").as_bytes())?;
            loop {
                stream.write_all(&[b'a'; 4096])?;
            }
        }
        Answer::Huge => {
            stream.write_all(head(200, "content-length: 9000000000000000000\r\n").as_bytes())?;
            wait_for_hang_up(stream, None)?;
        }
        Answer::Dribble => {
            stream.write_all(head(200, "content-length: 90000\r\n").as_bytes())?;
            wait_for_hang_up(stream, Some(b"a"))?;
        }
        Answer::Silence => wait_for_hang_up(stream, None)?,
    }
    Ok(false)
}

/// Waits for the client to go, and writes `byte` from time to time.
fn wait_for_hang_up(stream: &mut TcpStream, byte: Option<&[u8]>) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_millis(20)))?;
    loop {
        match stream.read(&mut [0; 16]) {
            Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock) => {
                stream.write_all(byte.unwrap_or_default())?;
            }
            _ => return Ok(()),
        }
    }
}
