//! The rules of the design that a program can check; `make test` runs it.
//!
//! Design: each rule is a function from facts (what cargo says, what lies in the tree) to findings, one
//! line of text for each breach. No finding is success. The rules are the modules' names: [`layers`],
//! [`manifests`], [`sizes`] and [`names`].
//!
//! Limits: it sees dependencies between crates, not between the modules inside one; which crate may use
//! which crate from outside is cargo-deny's part (`deny.toml`).
//!
//! ```text
//! cargo run -p checks
//! ```

mod layers;
mod manifests;
mod names;
mod sizes;
mod tree;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use cargo_metadata::{Metadata, MetadataCommand};

fn main() -> anyhow::Result<ExitCode> {
    let metadata = MetadataCommand::new()
        .no_deps()
        .other_options(vec!["--offline".to_owned()])
        .exec()
        .context("cargo metadata says nothing about this workspace")?;
    let mut failed = false;
    for (rule, findings) in check(&metadata)? {
        failed |= !findings.is_empty();
        report(rule, &findings);
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Runs every rule; each comes back with its findings.
fn check(metadata: &Metadata) -> anyhow::Result<Vec<(&'static str, Vec<String>)>> {
    let root: &Path = metadata.workspace_root.as_std_path();
    let files = tree::files(root)?;
    Ok(vec![
        ("dependencies point inward (DESIGN, Layers)", layers::findings(metadata)),
        ("manifests follow the workspace", manifests::findings(metadata)?),
        ("files are small", sizes::findings(root, &files)?),
        ("names say what a thing is", names::findings(&files)),
    ])
}

#[expect(clippy::print_stdout, reason = "the tool's output")]
fn report(rule: &str, findings: &[String]) {
    println!("{} {rule}", if findings.is_empty() { "ok    " } else { "FAILED" });
    for finding in findings {
        println!("         {finding}");
    }
}
