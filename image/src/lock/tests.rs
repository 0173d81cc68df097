//! The lock as a file, and mirrors as apt's files name them.

use super::*;

fn package(name: &str, version: &str) -> Package {
    Package {
        name: name.into(),
        version: version.into(),
        architecture: "amd64".into(),
        archive: Archive::Debian,
        file: format!("pool/main/{name}_{version}_amd64.deb"),
        size: 10,
        sha256: "0123456789abcdef".repeat(4),
    }
}

fn lock(packages: Vec<Package>) -> Lock {
    Lock { release: "trixie".into(), architecture: "amd64".into(), packages }
}

#[test]
fn a_lock_is_read_as_it_was_written_and_sorted() {
    let folder = tempfile::tempdir().unwrap();
    let path = Lock::path(folder.path(), "amd64");
    let kernel = Package { archive: Archive::Security, ..package("linux", "6") };
    lock(vec![package("zlib1g", "1"), kernel.clone(), package("apt", "3")]).write(&path).unwrap();
    let read = Lock::read(&path).unwrap();
    assert_eq!(read.packages, [package("apt", "3"), kernel, package("zlib1g", "1")]);
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(text.matches("archive = ").count(), 1, "the usual archive needs no line: {text}");
}

#[test]
fn a_missing_lock_tells_how_to_make_it() {
    let error = Lock::read(Path::new("/nonexistent/x.toml")).unwrap_err();
    assert!(format!("{error:#}").contains("`image lock --update` makes it"), "{error:#}");
}

#[test]
fn the_digest_names_the_packages_not_their_order() {
    let (a, b) = (package("a", "1"), package("b", "1"));
    assert_eq!(lock(vec![a.clone(), b.clone()]).digest(), lock(vec![b, a.clone()]).digest());
    assert_ne!(lock(vec![a]).digest(), lock(vec![package("a", "2")]).digest());
}

#[test]
fn a_file_outside_the_pool_is_refused() {
    for file in
        ["pool/../../etc/passwd", "/pool/x.deb", "pool//x.deb", "x.deb", "pool/a b.deb", "pool/'x.deb"]
    {
        let text = lock(vec![Package { file: file.into(), ..package("x", "1") }]).text().unwrap();
        let error = Lock::parse(&text).unwrap_err();
        assert!(format!("{error:#}").starts_with("package x: `file` is "), "{file}: {error:#}");
    }
}

#[test]
fn an_update_is_told_package_by_package() {
    let old = lock(vec![package("a", "1"), package("b", "1"), package("c", "1")]);
    let new = lock(vec![package("a", "1"), package("b", "2"), package("d", "1")]);
    assert_eq!(old.changes(&new), ["b 1 -> 2", "d 1 is new", "c 1 is gone"]);
}

#[test]
fn mirrors_are_read_in_both_of_apts_formats() {
    let new = "Types: deb\nURIs: http://mirror.test/debian/\nSuites: trixie\n\nTypes: deb\nURIs: http://mirror.test/debian-security\n";
    let old = "# deb http://other.test/debian x\ndeb [arch=amd64] https://mirror.test/debian trixie main\n";
    let mirror = Mirror::from_sources([new]).unwrap();
    assert_eq!(mirror.debian, "http://mirror.test/debian");
    assert_eq!(mirror.security.as_deref(), Some("http://mirror.test/debian-security"));
    let mirror = Mirror::from_sources([old]).unwrap();
    assert_eq!((mirror.debian.as_str(), mirror.security), ("https://mirror.test/debian", None));
    assert_eq!(Mirror::from_sources(["# nothing\n"]), None);
}

#[test]
fn a_security_update_without_its_archive_is_told() {
    let mirror = Mirror { debian: "http://mirror.test/debian".into(), security: None };
    let kernel = Package { archive: Archive::Security, ..package("linux", "6") };
    let error = mirror.address(&kernel).unwrap_err().to_string();
    assert!(error.contains("linux 6 is a security update"), "{error}");
    assert_eq!(
        mirror.address(&package("a", "1")).unwrap(),
        "http://mirror.test/debian/pool/main/a_1_amd64.deb"
    );
}
