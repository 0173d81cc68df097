//! The service under test: started, claimed, watched, stopped.

use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::client::Client;

const PATIENCE: Duration = Duration::from_secs(120);

/// A running box of its own.
pub(crate) struct Service {
    child: Child,
    /// From starting the process to its READY, as systemd would see it.
    pub(crate) ready_after: Duration,
    pub(crate) client: Client,
    claim_code: Option<String>,
    api_key: OnceLock<String>,
}

impl Service {
    /// Starts the program on a data folder, without a node, and waits until it is ready.
    pub(crate) async fn start(program: &Path, data: &Path, models: Option<&Path>) -> anyhow::Result<Self> {
        let folder = data.parent().context("the data folder is below another")?;
        // A folder without models, so that none is found elsewhere.
        let no_models = folder.join("no-models");
        std::fs::create_dir_all(&no_models)?;
        let (socket, notify) = notify_socket(folder)?;
        let log = std::fs::File::create(data.with_extension("log"))?;
        let begin = Instant::now();
        let mut child = Command::new(program)
            .args(["--listen", "127.0.0.1:0", "--no-bitcoin", "--log-format", "json", "--data-dir"])
            .arg(data)
            .arg("--models-dir")
            .arg(models.unwrap_or(&no_models))
            .env("NOTIFY_SOCKET", &socket)
            .env_remove("SOFTHSM2_CONF")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .with_context(|| format!("starting {}", program.display()))?;
        let console = lines(child.stdout.take().context("standard output is piped")?);
        wait_for_ready(&notify).with_context(|| format!("see {}", data.with_extension("log").display()))?;
        let ready_after = begin.elapsed();
        let banner = banner(&console)?;
        let url = labelled(&banner, "Address").context("the console shows no address")?;
        let client = Client::new(&url, &data.join("tls/ca.crt"))?;
        let claim_code = labelled(&banner, "Claim code");
        Ok(Self { child, ready_after, client, claim_code, api_key: OnceLock::new() })
    }

    /// Makes the first administrator and an API key.
    pub(crate) async fn claim(&self) -> anyhow::Result<()> {
        let code = self.claim_code.as_deref().context("the box is claimed already")?;
        let owner = json!({"code": code, "username": "bench", "password": "correct horse battery staple"});
        let (parts, body) = self.client.once("POST", "/api/v1/access/claim", &[], owner.to_string()).await?;
        ensure!(parts.status == 201, "claiming: {}", String::from_utf8_lossy(&body));
        let cookie = parts.headers["set-cookie"].to_str()?.split(';').next().unwrap_or_default();
        let label = json!({"label": "bench"}).to_string();
        let (_, body) =
            self.client.once("POST", "/api/v1/access/api-keys", &[("cookie", cookie)], label).await?;
        let answer: Value = serde_json::from_slice(&body)?;
        let secret = answer["secret"].as_str().with_context(|| format!("no API key: {answer}"))?;
        let _ = self.api_key.set(secret.to_owned());
        Ok(())
    }

    /// The value of the `Authorization` header, empty before the claim.
    pub(crate) fn authorization(&self) -> String {
        self.api_key.get().map(|key| format!("Bearer {key}")).unwrap_or_default()
    }

    /// One signed-in request with a JSON answer.
    pub(crate) async fn json(&self, method: &str, path: &str, body: &Value) -> anyhow::Result<Value> {
        let headers = [("authorization", self.authorization())];
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (parts, body) = self.client.once(method, path, &headers, body).await?;
        ensure!(parts.status.is_success(), "{method} {path}: {}", String::from_utf8_lossy(&body));
        Ok(serde_json::from_slice(&body)?)
    }

    /// Waits until both models answer; the first question may be what loads them.
    pub(crate) async fn wait_for_models(&self) -> anyhow::Result<()> {
        let embed = json!({"model": crate::embeddings::MODEL, "input": "hello"});
        self.json("POST", "/v1/embeddings", &embed).await?;
        let chat = json!({"model": crate::chat::MODEL, "max_tokens": 1,
            "messages": [{"role": "user", "content": "hello"}]});
        self.json("POST", "/v1/chat/completions", &chat).await?;
        Ok(())
    }

    /// Resident memory now, in MB (10^6 bytes), from `/proc/<pid>/status` (VmRSS).
    pub(crate) fn resident_megabytes(&self) -> anyhow::Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        let kibibytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kibibytes * 1024.0 / 1e6)
    }

    /// Asks it to stop, as systemd does, and waits for its end.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        kill(Pid::from_raw(i32::try_from(self.child.id())?), Signal::SIGTERM)?;
        let status = tokio::task::block_in_place(|| self.child.wait())?;
        ensure!(status.success(), "the service ended with {status}");
        Ok(())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // After `stop` it is gone, and this does nothing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn notify_socket(folder: &Path) -> anyhow::Result<(PathBuf, UnixDatagram)> {
    let path = folder.join("notify");
    let _ = std::fs::remove_file(&path);
    let socket = UnixDatagram::bind(&path).context("making the notify socket")?;
    socket.set_read_timeout(Some(PATIENCE))?;
    Ok((path, socket))
}

fn wait_for_ready(socket: &UnixDatagram) -> anyhow::Result<()> {
    let mut message = [0; 4096];
    loop {
        let length = socket.recv(&mut message).context("the service did not report READY")?;
        let text = String::from_utf8_lossy(&message[..length]);
        if text.lines().any(|line| line == "READY=1") {
            return Ok(());
        }
    }
}

/// What the service prints, read all the time so that it never waits for its reader.
fn lines(output: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    receiver
}

/// The console's lines up to the last one of the banner, `Node`.
fn banner(console: &Receiver<String>) -> anyhow::Result<Vec<String>> {
    let mut banner = Vec::new();
    loop {
        let Ok(line) = console.recv_timeout(PATIENCE) else { bail!("the console ends after {banner:?}") };
        let last = line.trim_start().starts_with("Node:");
        banner.push(line);
        if last {
            return Ok(banner);
        }
    }
}

fn labelled(banner: &[String], label: &str) -> Option<String> {
    banner.iter().find_map(|line| Some(line.trim().strip_prefix(label)?.strip_prefix(':')?.trim().to_owned()))
}
