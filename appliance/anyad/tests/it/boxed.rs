//! A box under test: the real program on a temporary data folder, and a client that trusts its
//! authority.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use reqwest::blocking::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The bound on anything that a test waits for; never a measure of speed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// The service, started; killed when dropped.
pub(crate) struct Box {
    pub(crate) data: PathBuf,
    pub(crate) url: String,
    /// What the console showed until it was ready.
    pub(crate) banner: Vec<String>,
    process: Process,
    console: Receiver<String>,
    client: Client,
    bearer: Option<String>,
    _folder: Option<TempDir>,
}

/// The program with a data folder and no node; add what a test needs.
pub(crate) fn anyad(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_anyad"));
    command.args(["--listen", "127.0.0.1:0", "--log-format", "json", "--data-dir"]).arg(data);
    command.stdin(Stdio::null());
    command
}

/// The output of one of the scripts that fetch what tests need, or what `variable` says.
pub(crate) fn fetched(variable: &str, script: &str) -> PathBuf {
    if let Some(path) = std::env::var_os(variable) {
        return path.into();
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dev-tools/fetch").join(script);
    let output = Command::new(&script).stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "{} failed", script.display());
    PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
}

pub(crate) fn models() -> &'static Path {
    static MODELS: OnceLock<PathBuf> = OnceLock::new();
    MODELS.get_or_init(|| fetched("ANYA_TEST_MODELS", "models"))
}

pub(crate) fn bitcoind() -> &'static Path {
    static BITCOIND: OnceLock<PathBuf> = OnceLock::new();
    BITCOIND.get_or_init(|| fetched("ANYA_TEST_BITCOIND", "bitcoind"))
}

impl Box {
    /// Starts a box of its own, without a node.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("box");
        let mut started = Self::start_in(&data, |command| {
            command.arg("--no-bitcoin").args(arguments);
        });
        started._folder = Some(folder);
        started
    }

    /// Starts a box on this data folder and waits until it is ready.
    pub(crate) fn start_in(data: &Path, adjust: impl FnOnce(&mut Command)) -> Self {
        let mut command = anyad(data);
        adjust(&mut command);
        std::fs::create_dir_all(data.parent().unwrap()).unwrap();
        let log =
            std::fs::OpenOptions::new().create(true).append(true).open(data.with_extension("log")).unwrap();
        let mut process = Process(command.stdout(Stdio::piped()).stderr(log).spawn().unwrap());
        let console = lines(process.0.stdout.take().unwrap());
        let mut banner = Vec::new();
        while !banner.last().is_some_and(|line: &String| line.trim_start().starts_with("Node:")) {
            match console.recv_timeout(PATIENCE) {
                Ok(line) => {
                    // What came before is another screen: that of a box that needed help.
                    if line.ends_with(" is ready") {
                        banner.clear();
                    }
                    banner.push(line);
                }
                Err(_) => panic!(
                    "the box did not become ready:\n{}",
                    std::fs::read_to_string(data.with_extension("log")).unwrap()
                ),
            }
        }
        let url = labelled(&banner, "Address").unwrap();
        let client = client(data);
        Self { data: data.to_owned(), url, banner, process, console, client, bearer: None, _folder: None }
    }

    /// Claims the box as `ada` and keeps an API key for later requests.
    pub(crate) fn claimed(mut self) -> Self {
        let code = self.labelled("Claim code").unwrap();
        let body = json!({"code": code, "username": "ada", "password": PASSWORD});
        let claimed = self.client.post(self.at("/api/v1/access/claim")).json(&body).send().unwrap();
        assert_eq!(claimed.status(), 201, "{}", claimed.text().unwrap());
        let cookie = claimed.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        let key = self.client.post(self.at("/api/v1/access/api-keys")).header("cookie", cookie);
        let key: Value = key.json(&json!({"label": "tests"})).send().unwrap().json().unwrap();
        self.bearer = Some(key["secret"].as_str().unwrap().to_owned());
        self
    }

    /// The API key of [`Self::claimed`].
    pub(crate) fn api_key(&self) -> String {
        self.bearer.clone().unwrap()
    }

    /// Uses an API key that another start of the same box gave.
    pub(crate) fn with_api_key(mut self, key: String) -> Self {
        self.bearer = Some(key);
        self
    }

    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// What the console showed under this label.
    pub(crate) fn labelled(&self, label: &str) -> Option<String> {
        labelled(&self.banner, label)
    }

    /// Waits for a later console line with this label.
    pub(crate) fn next_labelled(&self, label: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        while let Ok(line) = self.console.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            if let Some(value) = labelled(&[line], label) {
                return value;
            }
        }
        panic!("the console did not show {label}");
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let request = self.client.request(method.parse().unwrap(), self.at(path));
        match &self.bearer {
            Some(key) => request.bearer_auth(key),
            None => request,
        }
    }

    pub(crate) fn get(&self, path: &str) -> Value {
        answered(self.request("GET", path).send().unwrap(), 200)
    }

    pub(crate) fn post(&self, path: &str, body: &Value, status: u16) -> Value {
        answered(self.request("POST", path).json(body).send().unwrap(), status)
    }

    pub(crate) fn put(&self, path: &str, body: &Value, status: u16) -> Value {
        answered(self.request("PUT", path).json(body).send().unwrap(), status)
    }

    /// Asks again until the answer is as wanted.
    pub(crate) fn until(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer: Value = self.request("GET", path).send().unwrap().json().unwrap();
            if wanted(&answer) {
                return answer;
            }
            assert!(Instant::now() < deadline, "{path} stayed at {answer:#}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub(crate) fn process(&self) -> i32 {
        i32::try_from(self.process.0.id()).unwrap()
    }

    pub(crate) fn signal(&self, signal: nix::sys::signal::Signal) {
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(self.process()), signal).unwrap();
    }

    /// Asks the service to stop and waits until it has.
    pub(crate) fn stop(&mut self) -> ExitStatus {
        self.signal(nix::sys::signal::Signal::SIGTERM);
        self.wait()
    }

    /// Ends the service as a power cut would.
    pub(crate) fn kill(&mut self) {
        self.process.0.kill().unwrap();
        self.process.0.wait().unwrap();
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.process.0.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "the service did not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Everything the service logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.data.with_extension("log")).unwrap()
    }
}

impl Drop for Box {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the box's log:\n{}", self.log());
        }
    }
}

/// The running program; it does not outlive the test, however that ends.
pub(crate) struct Process(pub(crate) Child);

impl Drop for Process {
    fn drop(&mut self) {
        // Gone already where the test stopped it.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A client that trusts the authority of the box on this data folder, and nothing else.
pub(crate) fn client(data: &Path) -> Client {
    // Another test may have been first.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let pem = std::fs::read(data.join("tls/ca.crt")).unwrap();
    let authority = reqwest::Certificate::from_pem(&pem).unwrap();
    Client::builder().tls_certs_only([authority]).timeout(PATIENCE).build().unwrap()
}

fn answered(response: Response, status: u16) -> Value {
    let found = response.status();
    let text = response.text().unwrap();
    assert_eq!(found, status, "{text}");
    if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() }
}

fn labelled(lines: &[String], label: &str) -> Option<String> {
    lines.iter().find_map(|line| {
        let rest = line.trim_start().strip_prefix(label)?.strip_prefix(':')?;
        Some(rest.trim().to_owned())
    })
}

fn lines(source: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (send, receive) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(source).lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                return;
            }
        }
    });
    receive
}
