//! A Debian repository of exactly the locked packages, for apt on the same machine.
//!
//! It has the layout of a mirror (`dists/trixie/main/binary-<architecture>`), since mkosi takes nothing
//! else as a local one, and is not signed: apt reads it as trusted, and still checks each file against
//! `Packages`, which is made from the lock's hashes. It lies beside the package files under the lock's
//! digest and is never changed once it is there; package files are hard links.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::{Lock, sha256};
use crate::tools::{self, Tools};

/// Fields of a package that apt and dpkg decide on (deb-control(5)).
const FIELDS: &[&str] = &[
    "Package",
    "Version",
    "Architecture",
    "Multi-Arch",
    "Essential",
    "Protected",
    "Important",
    "Priority",
    "Section",
    "Source",
    "Installed-Size",
    "Pre-Depends",
    "Depends",
    "Provides",
    "Conflicts",
    "Breaks",
    "Replaces",
];
/// Prints the fields of every package file in the order of the arguments, with an empty line after each.
const READ_FIELDS: &str = r#"cd "$1"; shift; for deb; do dpkg-deb --field "$deb"; echo; done"#;

/// The repository of a lock, made if it is not there. All package files must be in `pool`.
pub(super) fn ready(pool: &Path, lock: &Lock, tools: &Tools) -> Result<PathBuf> {
    let folder = pool.join(format!("{}-{}-{}", lock.release, lock.architecture, lock.digest()));
    if folder.join("dists").exists() {
        return Ok(folder);
    }
    let partial = tempfile::Builder::new().prefix("partial-").tempdir_in(pool)?;
    let fields = read_fields(pool, lock, tools)?;
    fs::create_dir(partial.path().join("pool"))?;
    for package in &lock.packages {
        let name = package.file_name();
        fs::hard_link(pool.join(name), partial.path().join("pool").join(name))
            .with_context(|| format!("cannot link {name}"))?;
    }
    let release = partial.path().join("dists").join(&lock.release);
    let binary = format!("main/binary-{}", lock.architecture);
    fs::create_dir_all(release.join(&binary))?;
    let packages = index(lock, &fields)?;
    fs::write(release.join(&binary).join("Packages"), &packages)?;
    fs::write(release.join("Release"), release_file(lock, &format!("{binary}/Packages"), &packages))?;
    let partial = partial.keep();
    open_to_all(&partial)?;
    match fs::rename(&partial, &folder) {
        Ok(()) => Ok(folder),
        // Another build was faster, and its repository is the same.
        Err(_) if folder.join("dists").exists() => {
            fs::remove_dir_all(&partial).context("cannot remove a second repository")?;
            Ok(folder)
        }
        Err(error) => Err(error).context("cannot put the repository in its place"),
    }
}

/// A temporary folder is the owner's alone; apt may read as another user.
fn open_to_all(folder: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).context("cannot open the repository")
}

fn read_fields(pool: &Path, lock: &Lock, tools: &Tools) -> Result<Vec<String>> {
    let mut command = tools.command("sh");
    command.args(["-euc", READ_FIELDS, "sh"]).arg(pool);
    command.args(lock.packages.iter().map(super::Package::file_name));
    let printed = tools::output(&mut command, "dpkg-deb").context("cannot read the packages")?;
    let stanzas: Vec<String> = printed
        .split("\n\n")
        .map(str::trim_end)
        .filter(|stanza| !stanza.is_empty())
        .map(str::to_owned)
        .collect();
    ensure!(
        stanzas.len() == lock.packages.len(),
        "dpkg-deb told of {} packages, not {}",
        stanzas.len(),
        lock.packages.len()
    );
    Ok(stanzas)
}

/// The index of the packages: their own fields, and the lock's size and hash.
fn index(lock: &Lock, stanzas: &[String]) -> Result<String> {
    let mut index = String::new();
    for (package, stanza) in lock.packages.iter().zip(stanzas) {
        let kept = kept(stanza);
        let says = |field: &str| {
            kept.iter().find_map(|line| line.strip_prefix(field)?.strip_prefix(": ")).unwrap_or_default()
        };
        ensure!(
            (says("Package"), says("Version"), says("Architecture"))
                == (package.name.as_str(), package.version.as_str(), package.architecture.as_str()),
            "{} says that it is {} {}, and the lock says {} {}",
            package.file_name(),
            says("Package"),
            says("Version"),
            package.name,
            package.version
        );
        for line in &kept {
            let _ = writeln!(index, "{line}");
        }
        let _ = writeln!(index, "Filename: pool/{}", package.file_name());
        let _ = writeln!(index, "Size: {}\nSHA256: {}\n", package.size, package.sha256);
    }
    Ok(index)
}

/// The lines of the fields that matter, each joined to one line.
fn kept(stanza: &str) -> Vec<String> {
    let mut fields: Vec<String> = Vec::new();
    for line in stanza.lines() {
        match fields.last_mut() {
            Some(last) if line.starts_with([' ', '\t']) => {
                last.push(' ');
                last.push_str(line.trim());
            }
            _ => fields.push(line.to_owned()),
        }
    }
    fields.retain(|field| {
        field
            .split_once(':')
            .is_some_and(|(name, _)| FIELDS.iter().any(|kept| kept.eq_ignore_ascii_case(name)))
    });
    fields
}

fn release_file(lock: &Lock, index: &str, packages: &str) -> String {
    format!(
        "Origin: Anya Box\nLabel: locked\nSuite: {0}\nCodename: {0}\nArchitectures: {1}\nComponents: main\n\
         SHA256:\n {2} {3} {index}\n",
        lock.release,
        lock.architecture,
        sha256(packages.as_bytes()),
        packages.len()
    )
}

#[cfg(test)]
mod tests {
    use super::super::{Archive, Package};
    use super::*;

    fn lock() -> Lock {
        let package = Package {
            name: "x".into(),
            version: "1:2".into(),
            architecture: "all".into(),
            archive: Archive::Debian,
            file: "pool/main/x/x_2_all.deb".into(),
            size: 7,
            sha256: "0".repeat(64),
        };
        Lock { release: "trixie".into(), architecture: "amd64".into(), packages: vec![package] }
    }

    #[test]
    fn the_index_has_the_fields_that_matter_and_the_locks_hash() {
        let stanza = "Package: x\nVersion: 1:2\nArchitecture: all\nMaintainer: A <a@b>\nDepends: a,\n b (>= 2)\nDescription: short\n long\n .\n more";
        assert_eq!(
            index(&lock(), &[stanza.to_owned()]).unwrap(),
            format!(
                "Package: x\nVersion: 1:2\nArchitecture: all\nDepends: a, b (>= 2)\nFilename: pool/x_2_all.deb\nSize: 7\nSHA256: {}\n\n",
                "0".repeat(64)
            )
        );
    }

    #[test]
    fn a_file_that_is_another_package_is_refused() {
        let error = index(&lock(), &["Package: y\nVersion: 3\nArchitecture: all".to_owned()]).unwrap_err();
        assert_eq!(error.to_string(), "x_2_all.deb says that it is y 3, and the lock says x 1:2");
    }

    #[test]
    fn the_release_file_pins_the_index() {
        let text = release_file(&lock(), "main/binary-amd64/Packages", "abc");
        assert!(
            text.ends_with(" ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad 3 main/binary-amd64/Packages\n"),
            "{text}"
        );
    }
}
