//! The kernel's command line, which is part of the signed kernel image.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use ota_core::digest::RootHash;

/// What is to be started.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// The root with this hash.
    Root(RootHash),
    /// The rescue system.
    Rescue,
}

/// The command line.
#[derive(Debug)]
pub(crate) struct CommandLine(String);

impl CommandLine {
    /// The running kernel's.
    ///
    /// # Errors
    /// The kernel's.
    pub(crate) fn of_kernel(root: &Path) -> Result<Self> {
        fs::read_to_string(root.join("proc/cmdline"))
            .map(Self)
            .context("cannot read the kernel's command line")
    }

    /// What is to be started.
    ///
    /// # Errors
    /// It names nothing, or more than one root.
    pub(crate) fn start(&self) -> Result<Start> {
        let words = || self.0.split_ascii_whitespace();
        if words().any(|word| word == "anya.rescue") {
            return Ok(Start::Rescue);
        }
        let hashes: Vec<&str> = words().filter_map(|word| word.strip_prefix("roothash=")).collect();
        let [hash] = hashes[..] else { bail!("the kernel's command line names {} roots", hashes.len()) };
        Ok(Start::Root(hash.parse().context("the kernel's command line has a bad root hash")?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(words: &str) -> Result<Start> {
        CommandLine(format!("console=ttyS0 quiet {words}\n")).start()
    }

    #[test]
    fn it_names_one_root_or_the_rescue_system() {
        let hash = "5a".repeat(32);
        assert_eq!(start(&format!("roothash={hash} ro")).unwrap(), Start::Root(hash.parse().unwrap()));
        assert_eq!(start("panic=5 anya.rescue").unwrap(), Start::Rescue);
        for bad in ["", "roothash=", "roothash=5a", &format!("roothash={hash} roothash={hash}")] {
            assert!(start(bad).is_err(), "{bad}");
        }
    }
}
