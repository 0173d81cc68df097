//! The Debian mirror that this machine uses, from apt's own configuration: no address is built in.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::{Archive, Package};

/// Addresses of Debian's archives, without a slash at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mirror {
    /// The archive.
    pub debian: String,
    /// That of security updates, where the machine has one.
    pub security: Option<String>,
}

impl Mirror {
    /// The mirror in `/etc/apt`.
    ///
    /// # Errors
    /// When there is none.
    pub fn of_this_machine() -> Result<Self> {
        let folder = Path::new("/etc/apt");
        let mut files = vec![folder.join("sources.list")];
        if let Ok(entries) = fs::read_dir(folder.join("sources.list.d")) {
            let mut more: Vec<_> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
            more.sort();
            files.extend(more);
        }
        let texts: Vec<String> = files.iter().filter_map(|file| fs::read_to_string(file).ok()).collect();
        Self::from_sources(texts.iter().map(String::as_str))
            .context("this machine's /etc/apt names no Debian mirror: add one to /etc/apt/sources.list.d")
    }

    /// The first archive of each kind in apt's source lists, in either of their two formats
    /// (sources.list(5)).
    #[must_use]
    pub fn from_sources<'a>(texts: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let found: Vec<String> = texts.into_iter().flat_map(str::lines).filter_map(address).collect();
        let named = |name: &str| found.iter().find(|address| address.ends_with(name)).cloned();
        let security =
            named("/debian-security").or_else(|| found.iter().find(|one| one.contains("security")).cloned());
        let debian =
            named("/debian").or_else(|| found.iter().find(|one| !one.contains("security")).cloned())?;
        Some(Self { debian, security })
    }

    /// Where a package lies.
    ///
    /// # Errors
    /// When it is a security update, and this machine has no archive of those.
    pub fn address(&self, package: &Package) -> Result<String> {
        let archive = match package.archive {
            Archive::Debian => &self.debian,
            Archive::Security => self.security.as_ref().with_context(|| {
                format!(
                    "{} {} is a security update, and this machine's /etc/apt names no archive of those: add it",
                    package.name, package.version
                )
            })?,
        };
        // A percent sign of a file's name is one of its letters, and has to be quoted itself.
        Ok(format!("{archive}/{}", package.file.replace('%', "%25")))
    }
}

fn address(line: &str) -> Option<String> {
    let mut words = line.split_whitespace();
    let address = match words.next()? {
        "URIs:" => words.next(),
        "deb" => words.find(|word| word.contains("://")),
        _ => None,
    }?;
    Some(address.trim_end_matches('/').to_owned())
}
