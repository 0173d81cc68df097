//! Runs other people's programs: a Python script of `peers/`, asked and answering in JSON.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Runs the script to its end and gives its answer.
pub(crate) fn ask<Answer: DeserializeOwned>(
    python: &Path,
    script: &str,
    question: &Value,
) -> anyhow::Result<Answer> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers").join(script);
    tokio::task::block_in_place(|| {
        let mut child = Command::new(python)
            .arg(&path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {}", python.display()))?;
        child.stdin.take().context("standard input is piped")?.write_all(question.to_string().as_bytes())?;
        let output = child.wait_with_output()?;
        let told = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{script} failed: {told}");
        serde_json::from_slice(&output.stdout).with_context(|| format!("{script} gave no answer: {told}"))
    })
}
