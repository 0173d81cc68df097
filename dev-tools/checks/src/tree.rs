//! The files of the checkout, without what was built or installed into it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

/// Folders that hold what was made, not written.
const MADE: &[&str] = &["dist", "node_modules", "playwright-report", "target", "test-results"];

/// All files below `root`, relative to it, sorted; hidden folders and those of [`MADE`] left out.
pub(crate) fn files(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            // A link is judged where it points to.
            if entry.file_type()?.is_dir() {
                if !name.starts_with('.') && !MADE.contains(&name.as_ref()) {
                    folders.push(entry.path());
                }
            } else if entry.file_type()?.is_file() {
                found.push(entry.path().strip_prefix(root)?.to_path_buf());
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_built_is_not_seen() {
        let root = tempfile::tempdir().unwrap();
        for name in ["a/src/lib.rs", "a/node_modules/x/index.ts", "target/debug/b.rs", ".git/c.rs"] {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        assert_eq!(files(root.path()).unwrap(), [PathBuf::from("a/src/lib.rs")]);
    }
}
