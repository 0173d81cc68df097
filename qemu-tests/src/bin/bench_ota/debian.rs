//! Debian packages of another version, fetched by apt from the mirrors that the image's come from, into the
//! benchmark's own folder.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::{Bench, empty, word};

/// The kernel's package without a version in its name, which depends on the one with it.
const KERNEL: &str = "linux-image-";

/// A package of another version, unpacked.
pub(crate) struct Package {
    pub(crate) name: String,
    /// The version in the image.
    pub(crate) new: String,
    /// The other one.
    pub(crate) older: String,
    pub(crate) files: PathBuf,
}

/// The names of the packages in an image, but for the kernel's that have a version in their name.
pub(crate) fn packages_of(image: &Path) -> Result<Vec<String>> {
    Ok(listed(image)?.into_iter().map(|(name, _)| name).filter(|name| !is_kernel_itself(name)).collect())
}

fn is_kernel_itself(name: &str) -> bool {
    name.strip_prefix(KERNEL).is_some_and(|rest| rest.starts_with(|letter: char| letter.is_ascii_digit()))
}

/// Names and versions.
fn listed(image: &Path) -> Result<Vec<(String, String)>> {
    let told: serde_json::Value = serde_json::from_slice(&fs::read(image.join("packages.json"))?)?;
    let packages = told["packages"].as_array().context("packages.json lists no packages")?;
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    Ok(packages.iter().map(|package| (text(&package["name"]), text(&package["version"]))).collect())
}

/// apt with lists and files of its own, for one suite.
struct Apt<'a> {
    bench: &'a Bench<'a>,
    folder: PathBuf,
}

impl Apt<'_> {
    fn options(&self) -> Vec<String> {
        let own = [
            ("Dir::State", "state"),
            ("Dir::State::status", "status"),
            ("Dir::Cache", "cache"),
            ("Dir::Etc::sourcelist", "sources.list"),
            ("Dir::Etc::sourceparts", "none"),
        ];
        let own = own.map(|(key, value)| format!("--option={key}={}", self.folder.join(value).display()));
        let fixed = [
            "--option=APT::Sandbox::User=root",
            "--option=Acquire::Languages=none",
            // Signed it must be; but nothing of it is ever run, and a mirror that is behind will do.
            "--option=Acquire::Check-Valid-Until=false",
        ];
        own.into_iter().chain(fixed.map(str::to_owned)).collect()
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Result<String> {
        let mut apt = self.bench.lab.command(program);
        apt.args(self.options()).args(arguments);
        image::tools::output(&mut apt, program)
    }

    /// The newest version of each of these that the suite has.
    fn versions(&self, names: &[String]) -> Result<Vec<(String, String)>> {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let told = self.run("apt-cache", &[&["madison"], &names[..]].concat())?;
        let mut found: Vec<(String, String)> = Vec::new();
        for line in told.lines() {
            let mut columns = line.split('|').map(|column| column.trim().to_owned());
            if let (Some(name), Some(version)) = (columns.next(), columns.next())
                && found.iter().all(|(known, _)| *known != name)
            {
                found.push((name, version));
            }
        }
        Ok(found)
    }
}

/// Fetches these packages as a suite has them, and unpacks those whose version is another one.
pub(crate) fn fetch(bench: &Bench<'_>, suite: &str, names: &[String]) -> Result<Vec<Package>> {
    let folder = bench.work.join(format!("apt-{suite}"));
    for sub in ["state/lists/partial", "cache/archives/partial", "none", "debs"] {
        fs::create_dir_all(folder.join(sub))?;
    }
    fs::write(folder.join("status"), "")?;
    let key = "signed-by=/usr/share/keyrings/debian-archive-keyring.gpg";
    let source =
        format!("deb [arch=amd64 {key}] http://deb.debian.org/debian {suite} main non-free-firmware\n");
    fs::write(folder.join("sources.list"), source)?;
    let apt = Apt { bench, folder };
    apt.run("apt-get", &["-qq", "update"])?;
    let in_image = listed(bench.new.folder())?;
    let mut wanted = apt.versions(names)?;
    // The kernel's own package is another one in each version.
    for (name, _) in wanted.clone().iter().filter(|(name, _)| name.starts_with(KERNEL)) {
        let told = apt.run("apt-cache", &["depends", name])?;
        let own = told
            .lines()
            .filter_map(|line| line.trim().strip_prefix("Depends: "))
            .find(|name| is_kernel_itself(name));
        wanted.extend(apt.versions(&[own.context("no kernel")?.to_owned()])?);
    }
    let mut packages = Vec::new();
    for (name, older) in wanted {
        let known = |(known, _): &&(String, String)| {
            *known == name || (is_kernel_itself(&name) && is_kernel_itself(known))
        };
        let new = in_image.iter().find(known).map(|(_, version)| version.clone());
        if let Some(new) = new.filter(|new| *new != older) {
            packages.push(Package { files: apt.folder.join("files").join(&name), name, new, older });
        }
    }
    ensure!(!packages.is_empty(), "{suite} has these packages in the versions of the image: {names:?}");
    download(&apt, &packages)?;
    Ok(packages)
}

fn download(apt: &Apt<'_>, packages: &[Package]) -> Result<()> {
    let debs = empty(apt.folder.join("debs"))?;
    let names = packages.iter().map(|package| format!("{}={}", package.name, package.older));
    let mut shell = apt.bench.lab.command("sh");
    shell
        .args(["-euc", "cd \"$1\" && shift && exec apt-get \"$@\"", "sh", &word(&debs)])
        .args(apt.options())
        .args(["-qq", "download"])
        .args(names);
    image::tools::output(&mut shell, "apt-get download")?;
    for package in packages {
        let files = empty(package.files.clone())?;
        let prefix = format!("{}_", package.name);
        let deb = fs::read_dir(&debs)?
            .filter_map(Result::ok)
            .map(|entry| entry.path())
            .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&prefix)))
            .with_context(|| format!("apt did not fetch {}", package.name))?;
        apt.bench.lab.tools().output("dpkg-deb", ["--extract", &word(&deb), &word(&files)])?;
    }
    Ok(())
}
