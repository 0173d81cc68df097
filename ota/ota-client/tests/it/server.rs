//! A server on the loopback interface that serves a repository, and does with some of its files what servers
//! should not do.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Result, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::release::Files;

/// What the server does with a file.
#[derive(Clone, Debug)]
pub(crate) enum Trick {
    /// A status without a file.
    Status(u16),
    /// Elsewhere.
    Redirect(String),
    /// Bytes without an end and without a length.
    Endless,
    /// Announces far too much, and sends nothing of it.
    Huge,
    /// One byte now and then.
    Trickle,
    /// Takes the question and says nothing.
    Silence,
    /// The file is shorter, and says so.
    Short(usize),
    /// Breaks off after so many bytes of each answer; the rest can be asked for.
    Cut(usize),
    /// Breaks off after so many bytes, and has no ranges: each answer is the whole file.
    CutWithoutRanges(usize),
    /// Breaks off after so many bytes, and answers for the rest with a range that begins elsewhere.
    OtherRange(usize),
    /// Breaks off after so many bytes, and answers for the rest with the right range and other bytes.
    OtherBytes(usize),
    /// Answers with a range that nobody asked for.
    Unasked,
}

/// What it was asked for: the path, and where from.
pub(crate) type Asked = Vec<(String, usize)>;

/// The server; it lives as long as the test's process.
pub(crate) struct Server {
    address: SocketAddr,
    asked: Arc<Mutex<Asked>>,
}

impl Server {
    /// Serves these files; what is not there is a 404.
    pub(crate) fn start(files: Files, tricks: BTreeMap<String, Trick>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Asked::new()));
        let served = Arc::new((files, tricks, Arc::clone(&asked)));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let served = Arc::clone(&served);
                thread::spawn(move || serve(stream, &served.0, &served.1, &served.2));
            }
        });
        Self { address, asked }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it was asked for, in order.
    pub(crate) fn asked(&self) -> Asked {
        self.asked.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, files: &Files, tricks: &BTreeMap<String, Trick>, log: &Mutex<Asked>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let mut request = String::new();
        if reader.read_line(&mut request).unwrap_or(0) == 0 {
            return;
        }
        let mut from = 0;
        let mut header = String::new();
        while reader.read_line(&mut header).is_ok_and(|length| length > 2) {
            let lower = header.to_ascii_lowercase();
            if let Some(range) = lower.trim_end().strip_prefix("range: bytes=") {
                from = range.trim_end_matches('-').parse().unwrap();
            }
            header.clear();
        }
        let path = request.split(' ').nth(1).unwrap().trim_start_matches('/').to_owned();
        log.lock().unwrap().push((path.clone(), from));
        let file = files.get(&path);
        // A client that hangs up is what most of the tests are about.
        let kept = match (tricks.get(&path), file) {
            (Some(trick), _) => play(&mut stream, trick, file.map_or(&[][..], Vec::as_slice), from),
            (None, Some(file)) => give(&mut stream, file, from, usize::MAX),
            (None, None) => head(&mut stream, 404, "content-length: 0\r\n").map(|()| true),
        };
        if !matches!(kept, Ok(true)) {
            return;
        }
    }
}

fn head(stream: &mut TcpStream, status: u16, more: &str) -> Result<()> {
    stream.write_all(format!("HTTP/1.1 {status} X\r\n{more}\r\n").as_bytes())
}

/// The file from a place on, of which it sends `most` bytes. Whether the connection can be used again.
fn give(stream: &mut TcpStream, file: &[u8], from: usize, most: usize) -> Result<bool> {
    if from > 0 && from >= file.len() {
        head(stream, 416, &format!("content-range: bytes */{}\r\ncontent-length: 0\r\n", file.len()))?;
        return Ok(true);
    }
    let rest = &file[from..];
    let range = format!("content-range: bytes {from}-{}/{}\r\n", file.len().max(1) - 1, file.len());
    let range = if from > 0 { range } else { String::new() };
    head(stream, if from > 0 { 206 } else { 200 }, &format!("{range}content-length: {}\r\n", rest.len()))?;
    stream.write_all(&rest[..rest.len().min(most)])?;
    Ok(most >= rest.len())
}

fn play(stream: &mut TcpStream, trick: &Trick, file: &[u8], from: usize) -> Result<bool> {
    let ranged = |start: usize, length: usize| {
        format!(
            "content-range: bytes {start}-{}/{}\r\ncontent-length: {length}\r\n",
            file.len() - 1,
            file.len()
        )
    };
    match trick {
        Trick::Status(status) => return head(stream, *status, "content-length: 0\r\n").map(|()| true),
        Trick::Redirect(to) => {
            head(stream, 302, &format!("location: {to}\r\ncontent-length: 0\r\n"))?;
            return Ok(true);
        }
        Trick::Endless => {
            head(stream, 200, "connection: close\r\n")?;
            loop {
                stream.write_all(&[b'a'; 4096])?;
            }
        }
        Trick::Huge => {
            head(stream, 200, "content-length: 9000000000000000000\r\n")?;
            wait_for_hang_up(stream, None)?;
        }
        Trick::Trickle => {
            head(stream, 200, &format!("content-length: {}\r\n", file.len()))?;
            wait_for_hang_up(stream, Some(b"a"))?;
        }
        Trick::Silence => wait_for_hang_up(stream, None)?,
        Trick::Short(length) => return give(stream, &file[..*length], from, usize::MAX),
        Trick::Cut(after) => return give(stream, file, from, *after),
        Trick::CutWithoutRanges(after) => {
            return give(stream, file, 0, if from > 0 { usize::MAX } else { *after });
        }
        Trick::OtherRange(_) if from > 0 => {
            head(stream, 206, &ranged(from - 1, file.len() - from + 1))?;
            stream.write_all(&file[from - 1..])?;
        }
        Trick::OtherBytes(_) if from > 0 => {
            head(stream, 206, &ranged(from, file.len() - from))?;
            stream.write_all(&vec![0; file.len() - from])?;
        }
        Trick::OtherRange(after) | Trick::OtherBytes(after) => return give(stream, file, 0, *after),
        Trick::Unasked => {
            head(stream, 206, &ranged(0, file.len()))?;
            stream.write_all(file)?;
        }
    }
    Ok(false)
}

/// Waits for the client to go, and writes `byte` from time to time.
fn wait_for_hang_up(stream: &mut TcpStream, byte: Option<&[u8]>) -> Result<()> {
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
