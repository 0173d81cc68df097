//! Logging: one line an event on standard error, and the latest lines kept for the log view.

mod memory;

use std::io::IsTerminal;
use std::sync::Arc;

use anyhow::{Context, Result};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

use crate::cli::LogFormat;
use crate::config::Log;

pub(crate) use memory::LogMemory;

/// Libraries that log what is no news: every mechanism that cryptoki has no name for, as an error, and
/// every handle that tss-esapi closes.
const QUIETED: &str = "cryptoki=off,tss_esapi=warn";

/// Starts logging; returns the memory of the latest lines.
///
/// # Errors
/// When the level in the configuration is none.
pub(crate) fn start(config: &Log) -> Result<Arc<LogMemory>> {
    let pretty = match config.format {
        LogFormat::Auto => std::io::stderr().is_terminal(),
        LogFormat::Json => false,
        LogFormat::Pretty => true,
    };
    let level = config.level.as_deref();
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines = if pretty {
        lines.compact().boxed()
    } else {
        lines.json().flatten_event(true).with_current_span(true).with_span_list(false).boxed()
    };
    let lines = lines.with_filter(filter(level.unwrap_or(if pretty { "warn" } else { "info" }))?);
    let memory = Arc::new(LogMemory::default());
    let kept = Arc::clone(&memory).layer().with_filter(filter(level.unwrap_or("info"))?);
    tracing_subscriber::registry().with(lines).with(kept).init();
    Ok(memory)
}

fn filter(level: &str) -> Result<EnvFilter> {
    EnvFilter::try_new(format!("{QUIETED},{level}"))
        .with_context(|| format!("key `log.level` is `{level}`; expected error, warn, info, debug or trace"))
}
