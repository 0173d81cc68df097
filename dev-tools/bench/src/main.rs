//! Measures the box beside its peers: one table on standard output, the same as JSON in `target/bench/`.
//!
//! Design: the service is the release build, started as a user starts it, on a data folder of its own and
//! without a node; all that is measured of it goes through its API, over TLS. What it is compared with
//! runs in the same minutes on the same machine: the bare PKCS#11 module in this process, onnxruntime and
//! llama.cpp in theirs (`peers/`), with as many threads as there are cores.
//!
//! Limits: the client runs on the same cores as the service, so requests per second are those of the pair.
//! Nothing else should run meanwhile; no figure is a pass or a fail.
//!
//! ```text
//! make bench
//! ```

mod chat;
mod client;
mod embeddings;
mod peer;
mod report;
mod requests;
mod service;
mod signing;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use clap::Parser;

use report::Report;
use service::Service;

/// Measures the box beside its peers.
#[derive(Debug, Parser)]
struct Arguments {
    /// The service to measure
    #[arg(long, default_value = "target/release/anyad")]
    program: PathBuf,
    /// Folder of the models
    #[arg(long)]
    models: PathBuf,
    /// Python with the packages of bench-requirements.txt
    #[arg(long)]
    python: PathBuf,
    /// How long each rate is measured
    #[arg(long, default_value_t = 5)]
    seconds: u64,
}

/// What every part needs.
struct Bench<'a> {
    arguments: &'a Arguments,
    duration: Duration,
    threads: usize,
    folder: &'a Path,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let folder = tempfile::tempdir().context("making a folder for the boxes")?;
    // Before there is any thread: SoftHSM takes its configuration from the environment.
    let yardstick = signing::Yardstick::prepare(&folder.path().join("softhsm"))?;
    let runtime = tokio::runtime::Runtime::new().context("starting the runtime")?;
    let bench = Bench {
        arguments: &arguments,
        duration: Duration::from_secs(arguments.seconds),
        threads: std::thread::available_parallelism()?.get(),
        folder: folder.path(),
    };
    let report = runtime.block_on(measure(&bench, &yardstick))?;
    report.publish(Path::new("target/bench"))
}

async fn measure(bench: &Bench<'_>, yardstick: &signing::Yardstick) -> anyhow::Result<Report> {
    let mut report = Report::new(bench.threads);
    report.progress("start-up and memory, without models");
    start_up(bench, &mut report).await?;

    report.progress("the service with models");
    let service =
        Service::start(&bench.arguments.program, &bench.folder.join("box"), Some(&bench.arguments.models))
            .await?;
    service.claim().await?;
    service.wait_for_models().await?;
    report.add("resident memory, idle, with both models", service.resident_megabytes()?, "MB");
    report.progress("requests");
    requests::measure(bench, &service, &mut report).await?;
    report.progress("signatures");
    signing::measure(bench, &service, yardstick, &mut report).await?;
    report.progress("embeddings");
    embeddings::measure(bench, &service, &mut report).await?;
    report.progress("chat");
    chat::measure(bench, &service, &mut report).await?;
    service.stop().await?;
    Ok(report)
}

/// The first start makes keys, authority and certificate; later ones find them.
async fn start_up(bench: &Bench<'_>, report: &mut Report) -> anyhow::Result<()> {
    let data = bench.folder.join("bare");
    for (what, memory) in [
        ("first start to READY", None),
        ("later start to READY", Some("resident memory, idle, without a model")),
    ] {
        let service = Service::start(&bench.arguments.program, &data, None).await?;
        report.add(what, service.ready_after.as_secs_f64(), "s").aim("2 s at most");
        // What starts after READY, the search for graphics processors, has ended by then.
        tokio::time::sleep(Duration::from_secs(3)).await;
        if let Some(memory) = memory {
            report.add(memory, service.resident_megabytes()?, "MB").aim("below 60 MB");
        }
        service.stop().await?;
    }
    Ok(())
}
