//! A pool that holds all locked packages makes a repository that apt takes, without a network.

use std::path::Path;

use image::lock::{Archive, Lock, Package, Pool};
use image::tools::{self, Tools};

const BUILD: &str = r#"
mkdir -p "$1/tree/DEBIAN"
printf 'Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: A <a@example.org>\nDepends: %s\nDescription: x\n y\n' \
    "$2" "$3" "$4" | sed '/^Depends: $/d' >"$1/tree/DEBIAN/control"
dpkg-deb --root-owner-group --build "$1/tree" "$1/$2_${3#*:}_all.deb" >/dev/null
rm -r "$1/tree"
sha256sum "$1/$2_${3#*:}_all.deb"
"#;

fn package(tools: &Tools, pool: &Path, name: &str, version: &str, depends: &str) -> Package {
    let tools = tools.clone().with_folder(pool, pool);
    let mut build = tools.command("bash");
    build.args(["-euc", BUILD, "build"]).arg(pool).args([name, version, depends]);
    let printed = tools::output(&mut build, "dpkg-deb").unwrap();
    let file = format!("{name}_{}_all.deb", version.rsplit(':').next().unwrap());
    Package {
        name: name.into(),
        version: version.into(),
        architecture: "all".into(),
        archive: Archive::Debian,
        size: std::fs::metadata(pool.join(&file)).unwrap().len(),
        file: format!("pool/main/x/{file}"),
        sha256: printed.split_whitespace().next().unwrap().into(),
    }
}

/// What apt would install for `wanted`, with the repository as its only source.
fn apt(tools: &Tools, repository: &Path, wanted: &str) -> anyhow::Result<String> {
    const SCRIPT: &str = r#"
mkdir -p /tmp/apt/state/lists/partial /tmp/apt/cache/archives/partial; touch /tmp/apt/status
echo "deb [trusted=yes] file:$1 trixie main" >/tmp/apt/list
set -- "$2" -oDir::State=/tmp/apt/state -oDir::State::status=/tmp/apt/status -oDir::Cache=/tmp/apt/cache \
    -oDir::Etc::sourcelist=/tmp/apt/list -oDir::Etc::sourceparts=- -oAPT::Architecture=amd64 \
    -oAPT::Architectures=amd64 -oAPT::Sandbox::User=root -oDebug::pkgDPkgPm=1
wanted=$1; shift
apt-get "$@" update -oAPT::Update::Error-Mode=any >&2
apt-get "$@" --yes install "$wanted" 2>&1
"#;
    let mut command = tools.command("bash");
    command.args(["-euc", SCRIPT, "apt"]).arg(repository).arg(wanted);
    tools::output(&mut command, "apt")
}

#[test]
fn a_full_pool_is_a_repository_that_apt_takes() {
    let Some(tools) = super::tools() else { return };
    let folder = tempfile::tempdir().unwrap();
    let pool_folder = folder.path();
    let tools = tools.with_folder(pool_folder, pool_folder);
    let library = package(&tools, pool_folder, "anya-library", "1:2.0", "");
    let program = package(&tools, pool_folder, "anya-program", "3.0", "anya-library (>= 1:2)");
    let lock =
        Lock { release: "trixie".into(), architecture: "amd64".into(), packages: vec![library, program] };
    let pool = Pool::at(pool_folder.to_owned());
    let repository = pool.fill(&lock, &tools).unwrap();
    assert_eq!(pool.fill(&lock, &tools).unwrap(), repository, "the second time it is there already");
    let said = apt(&tools, &repository, "anya-program").unwrap();
    assert!(said.contains("2 newly installed"), "the dependency is not found:\n{said}");
    let error = apt(&tools, &repository, "bash").unwrap_err().to_string();
    assert!(error.contains("bash"), "something else than the locked packages can be had: {error}");
}

#[test]
fn a_changed_package_is_not_installed() {
    let Some(tools) = super::tools() else { return };
    let folder = tempfile::tempdir().unwrap();
    let tools = tools.with_folder(folder.path(), folder.path());
    let package = package(&tools, folder.path(), "anya-program", "3.0", "");
    let file = package.file_name().to_owned();
    let lock = Lock { release: "trixie".into(), architecture: "amd64".into(), packages: vec![package] };
    let repository = Pool::at(folder.path().to_owned()).fill(&lock, &tools).unwrap();
    let changed = repository.join("pool").join(file);
    let mut bytes = std::fs::read(&changed).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&changed, bytes).unwrap();
    let error = apt(&tools, &repository, "anya-program").unwrap_err().to_string();
    assert!(error.contains("Hash Sum mismatch") || error.contains("Hash mismatch"), "{error}");
}
