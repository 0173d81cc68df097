//! Whether a build would make what is there already.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::tools;

/// A digest over names, modes and contents of folders; of a tools tree (which only grows stale under
/// another name) its name counts. `words` are inputs that lie in no folder.
pub(super) fn digest(folders: &[&Path], words: &str) -> Result<String> {
    let mut lines = format!("{words}\n");
    for folder in folders {
        if folder.join(".complete").exists() {
            lines.push_str(&folder.to_string_lossy());
            continue;
        }
        let listed = tools::output(
            Command::new("sh")
                .args([
                    "-c",
                    "find . -printf '%y %m %p %l\\n' | LC_ALL=C sort; \
                        find . -type f -print0 | LC_ALL=C sort -z | xargs -0 -r sha256sum",
                ])
                .current_dir(folder),
            "reading the inputs",
        )?;
        lines.push_str(&listed);
    }
    let file = tempfile::NamedTempFile::new().context("cannot make a temporary file")?;
    std::fs::write(file.path(), lines)?;
    let sum = tools::output(Command::new("sha256sum").arg(file.path()), "sha256sum")?;
    Ok(sum.split_whitespace().next().unwrap_or_default().to_owned())
}
