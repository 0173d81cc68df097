//! Requests per second and their latency, over kept connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use bytes::Bytes;
use http_body_util::BodyExt;

use crate::Bench;
use crate::report::Report;
use crate::service::Service;

/// How many connections ask at the same time.
pub(crate) const CONNECTIONS: [usize; 2] = [1, 32];
/// Before counting: connections are made, caches are warm.
const WARM_UP: Duration = Duration::from_millis(500);

/// A request to repeat.
#[derive(Clone)]
pub(crate) struct Repeated {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) authorization: String,
    pub(crate) body: Bytes,
}

/// What a load gave.
pub(crate) struct Load {
    /// Answers per second.
    pub(crate) rate: f64,
    /// Time from request to whole answer that half of them stayed below.
    pub(crate) p50: Duration,
    /// The same for 99 of 100.
    pub(crate) p99: Duration,
}

/// Measures the cheapest answer and an authenticated read.
pub(crate) async fn measure(bench: &Bench<'_>, service: &Service, report: &mut Report) -> anyhow::Result<()> {
    for (what, path, authorization) in [
        ("GET /healthz", "/healthz", String::new()),
        ("GET /api/v1/security/keys, signed in", "/api/v1/security/keys", service.authorization()),
    ] {
        let request = Repeated { method: "GET", path: path.into(), authorization, body: Bytes::new() };
        for connections in CONNECTIONS {
            let load = load(service, &request, connections, bench.duration).await?;
            report.add(&named(what, connections), load.rate, "/s").latency(&load);
        }
    }
    Ok(())
}

/// The row's name for a number of connections.
pub(crate) fn named(what: &str, connections: usize) -> String {
    format!("{what}, {connections} connection{}", if connections == 1 { "" } else { "s" })
}

/// Repeats a request on several connections; an answer that is no success ends it.
pub(crate) async fn load(
    service: &Service,
    request: &Repeated,
    connections: usize,
    duration: Duration,
) -> anyhow::Result<Load> {
    let counting = Arc::new(AtomicBool::new(false));
    let stop = Arc::new(AtomicBool::new(false));
    let mut tasks = Vec::new();
    for _ in 0..connections {
        let connection = service.client.connect().await?;
        tasks.push(tokio::spawn(repeat(connection, request.clone(), counting.clone(), stop.clone())));
    }
    tokio::time::sleep(WARM_UP).await;
    counting.store(true, Ordering::Relaxed);
    let begin = Instant::now();
    tokio::time::sleep(duration).await;
    stop.store(true, Ordering::Relaxed);
    let elapsed = begin.elapsed();
    let mut latencies = Vec::new();
    for task in tasks {
        latencies.extend(task.await??);
    }
    latencies.sort_unstable();
    let rate = latencies.len() as f64 / elapsed.as_secs_f64();
    let at = |hundredth: usize| latencies.get(latencies.len() * hundredth / 100).copied();
    let (Some(p50), Some(p99)) = (at(50), at(99)) else { anyhow::bail!("no answer to {}", request.path) };
    Ok(Load { rate, p50, p99 })
}

async fn repeat(
    mut connection: crate::client::Connection,
    request: Repeated,
    counting: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
) -> anyhow::Result<Vec<Duration>> {
    let mut latencies = Vec::new();
    let headers = [("authorization", request.authorization.as_str())];
    let headers = if request.authorization.is_empty() { &[][..] } else { &headers[..] };
    while !stop.load(Ordering::Relaxed) {
        let begin = Instant::now();
        let answer = connection.send(request.method, &request.path, headers, request.body.clone()).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await.context("reading an answer")?.to_bytes();
        ensure!(status.is_success(), "{}: {status} {}", request.path, String::from_utf8_lossy(&body));
        if counting.load(Ordering::Relaxed) {
            latencies.push(begin.elapsed());
        }
    }
    Ok(latencies)
}
