//! `image lock --update`: what to install, as apt decides it.
//!
//! apt of the tools tree works on an empty machine of its own (folders in the cache), with the options that
//! mkosi gives it, over release, updates and security updates. It checks the archives' signatures against
//! Debian's keyring. Root and initrd are resolved each for itself, as mkosi installs them: where a
//! dependency has alternatives, the choice depends on what else is wanted.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::{Archive, Lock, Mirror, Package, RELEASE, Wanted};
use crate::tools::{self, Tools};

/// What mkosi installs before anything else (mkosi, distributions/debian.py).
const BASE: &[&str] = &["?essential", "base-files"];

/// Asks Debian for the newest packages that satisfy what is wanted. `folder`, in the cache, is apt's: its
/// package lists are kept there.
///
/// # Errors
/// When the mirror cannot be reached, a signature is wrong, or a package does not exist.
pub fn update(tools: &Tools, wanted: &Wanted, mirror: &Mirror, folder: &Path) -> Result<Lock> {
    let apt = Apt::prepare(tools, wanted, mirror, folder)?;
    apt.run(&["update", "-o", "APT::Update::Error-Mode=any"])
        .context("cannot get Debian's package lists: is the mirror of /etc/apt reachable?")?;
    let base: Vec<String> = BASE.iter().map(|&name| name.to_owned()).collect();
    let mut packages = BTreeMap::new();
    let with_base = |set: &Vec<String>| base.iter().chain(set).cloned().collect();
    for set in [base.clone()].into_iter().chain(wanted.sets.iter().map(with_base)) {
        for package in apt.resolve(&set, mirror)? {
            let key = (package.name.clone(), package.architecture.clone());
            if let Some(other) = packages.insert(key, package.clone()) {
                ensure!(
                    other == package,
                    "apt chose {} and {} of {}",
                    other.version,
                    package.version,
                    other.name
                );
            }
        }
    }
    Ok(Lock {
        release: RELEASE.to_owned(),
        architecture: wanted.architecture.clone(),
        packages: packages.into_values().collect(),
    })
}

/// apt on a machine that has nothing yet.
struct Apt<'a> {
    tools: &'a Tools,
    options: Vec<String>,
}

impl<'a> Apt<'a> {
    fn prepare(tools: &'a Tools, wanted: &Wanted, mirror: &Mirror, folder: &Path) -> Result<Self> {
        for name in ["state/lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(folder.join(name)).context("cannot make apt's folders")?;
        }
        fs::write(folder.join("status"), "")?;
        fs::write(folder.join("debian.sources"), sources(&wanted.components, mirror))?;
        let set = |key: &str, value: String| format!("-o{key}={value}");
        let at = |name: &str| folder.join(name).display().to_string();
        let options = vec![
            set("Dir::State", at("state")),
            set("Dir::State::status", at("status")),
            set("Dir::Cache", at("cache")),
            set("Dir::Etc::sourcelist", at("debian.sources")),
            set("Dir::Etc::sourceparts", "-".to_owned()),
            set("APT::Architecture", wanted.architecture.clone()),
            set("APT::Architectures", wanted.architecture.clone()),
            set("APT::Install-Recommends", "false".to_owned()),
            set("APT::Immediate-Configure", "off".to_owned()),
            set("APT::Sandbox::User", "root".to_owned()),
            set("Acquire::ForceHash", "sha256".to_owned()),
            set("Acquire::Languages", "none".to_owned()),
            set("pkgCacheGen::ForceEssential", ",".to_owned()),
        ];
        Ok(Self { tools, options })
    }

    fn run(&self, arguments: &[&str]) -> Result<String> {
        let mut command = self.tools.command("apt-get");
        command.args(&self.options).args(arguments);
        tools::output(&mut command, "apt-get")
    }

    fn resolve(&self, set: &[String], mirror: &Mirror) -> Result<Vec<Package>> {
        let mut arguments = vec!["install", "--print-uris", "-qq", "--yes"];
        arguments.extend(set.iter().map(String::as_str));
        self.run(&arguments)
            .context("apt cannot install what is wanted")?
            .lines()
            .filter(|line| line.starts_with('\''))
            .map(|line| package(line, mirror))
            .collect()
    }
}

fn sources(components: &[String], mirror: &Mirror) -> String {
    let mut components = components.to_vec();
    components.insert(0, "main".to_owned());
    let stanza = |address: &str, suites: &str| {
        format!(
            "Types: deb\nURIs: {address}\nSuites: {suites}\nComponents: {}\n\
             Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n\n",
            components.join(" ")
        )
    };
    let mut text = stanza(&mirror.debian, &format!("{RELEASE} {RELEASE}-updates"));
    if let Some(security) = &mirror.security {
        text.push_str(&stanza(security, &format!("{RELEASE}-security")));
    }
    text
}

/// A line of `apt-get install --print-uris`: `'<address>' <file> <size> SHA256:<hash>`.
fn package(line: &str, mirror: &Mirror) -> Result<Package> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [address, file, size, hash] = words[..] else {
        bail!("apt printed {line:?}, which is not understood")
    };
    let address = address.trim_matches('\'');
    let in_archive = |archive: &str| address.strip_prefix(archive)?.strip_prefix('/').map(unquoted);
    let security = mirror.security.as_deref().and_then(in_archive);
    let (archive, path) = match (security, in_archive(&mirror.debian)) {
        (Some(path), _) => (Archive::Security, path),
        (None, Some(path)) => (Archive::Debian, path),
        (None, None) => bail!("apt takes {file} from {address}, which is not in the mirror"),
    };
    let name = file.strip_suffix(".deb").with_context(|| format!("{file} is no package file"))?;
    let parts: Vec<&str> = name.split('_').collect();
    let [name, version, architecture] = parts[..] else { bail!("{file} is not named as packages are") };
    let package = Package {
        name: name.to_owned(),
        version: unquoted(version),
        architecture: architecture.to_owned(),
        archive,
        file: path,
        size: size.parse().with_context(|| format!("{file} has the size {size:?}"))?,
        sha256: hash
            .strip_prefix("SHA256:")
            .with_context(|| format!("the archive has no SHA-256 of {file}"))?
            .to_owned(),
    };
    package.check().with_context(|| format!("apt printed {line:?}"))?;
    Ok(package)
}

/// Percent-encoding, of which apt uses `%3a` for an epoch's colon, and the like.
fn unquoted(text: &str) -> String {
    let mut parts = text.split('%');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) if byte.is_ascii() => {
                plain.push(char::from(byte));
                plain.push_str(&part[2..]);
            }
            _ => {
                plain.push('%');
                plain.push_str(part);
            }
        }
    }
    plain
}

/// Where apt's folders lie in the tool's cache.
#[must_use]
pub fn folder(images: &Path, architecture: &str) -> PathBuf {
    images.join("apt").join(architecture)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mirror() -> Mirror {
        Mirror {
            debian: "http://a.test/debian".into(),
            security: Some("http://a.test/debian-security".into()),
        }
    }

    #[test]
    fn what_apt_prints_becomes_a_package() {
        let hash = "ab".repeat(32);
        let line = format!(
            "'http://a.test/debian/pool/main/s/shadow/passwd_4.17.4-2_amd64.deb' passwd_1%3a4.17.4-2_amd64.deb 1299 SHA256:{hash}"
        );
        let package = package(&line, &mirror()).unwrap();
        assert_eq!((package.name.as_str(), package.version.as_str()), ("passwd", "1:4.17.4-2"));
        assert_eq!(package.file, "pool/main/s/shadow/passwd_4.17.4-2_amd64.deb");
        assert_eq!((package.size, package.archive), (1299, Archive::Debian));
    }

    #[test]
    fn a_security_update_is_known_by_its_archive() {
        let line = format!(
            "'http://a.test/debian-security/pool/updates/main/o/x/x_1_all.deb' x_1_all.deb 5 SHA256:{}",
            "0".repeat(64)
        );
        assert_eq!(package(&line, &mirror()).unwrap().archive, Archive::Security);
    }

    #[test]
    fn a_package_without_a_strong_hash_is_refused() {
        let line = "'http://a.test/debian/pool/x/x_1_all.deb' x_1_all.deb 5 MD5Sum:00";
        assert!(package(line, &mirror()).unwrap_err().to_string().contains("no SHA-256 of x_1_all.deb"));
    }

    #[test]
    fn a_package_from_elsewhere_is_refused() {
        let line = format!("'http://b.test/x_1_all.deb' x_1_all.deb 5 SHA256:{}", "0".repeat(64));
        assert!(package(&line, &mirror()).unwrap_err().to_string().contains("not in the mirror"));
    }

    #[test]
    fn sources_are_verified_with_debians_keys() {
        let text = sources(&["non-free-firmware".into()], &mirror());
        assert_eq!(text.matches("Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg").count(), 2);
        assert!(
            text.contains("Suites: trixie trixie-updates\nComponents: main non-free-firmware\n"),
            "{text}"
        );
        assert!(text.contains("Suites: trixie-security\n"), "{text}");
    }
}
