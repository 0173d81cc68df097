//! From the initrd into the root: this process becomes its systemd.

use std::convert::Infallible;
use std::ffi::CString;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::{Context, Result};
use nix::mount::{MsFlags, mount as mount_file_system};
use nix::unistd::{chdir, chroot, execv};

/// Where the root is mounted first.
const ROOT: &str = "/sysroot";
/// What goes along as it is.
const KERNEL_FILES: [&str; 4] = ["/dev", "/proc", "/sys", "/run"];
const SYSTEMD: &str = "/usr/lib/systemd/systemd";

/// Mounts the root.
///
/// # Errors
/// The kernel's.
pub(crate) fn mount(device: &Path) -> Result<()> {
    fs::create_dir_all(ROOT).context("cannot make the place for the root")?;
    mount_file_system(Some(device), ROOT, Some("erofs"), MsFlags::MS_RDONLY, None::<&str>)
        .context("the root cannot be mounted")
}

/// Becomes the root's systemd.
///
/// # Errors
/// The kernel's.
pub(crate) fn switch() -> Result<Infallible> {
    for from in KERNEL_FILES {
        let to = format!("{ROOT}{from}");
        mount_file_system(Some(from), to.as_str(), None::<&str>, MsFlags::MS_MOVE, None::<&str>)
            .with_context(|| format!("cannot take {from} along"))?;
    }
    free_memory(Path::new("/"));
    chdir(ROOT).context("cannot enter the root")?;
    mount_file_system(Some("."), "/", None::<&str>, MsFlags::MS_MOVE, None::<&str>)
        .context("cannot move the root")?;
    chroot(".").context("cannot make the root the root")?;
    chdir("/").context("cannot enter the root")?;
    let systemd = CString::new(SYSTEMD).expect("no zero is in it");
    execv(&systemd, &[&systemd]).with_context(|| format!("cannot start {SYSTEMD}"))
}

/// Removes what the initrd consists of, which is in memory; nothing of what is mounted.
fn free_memory(initrd: &Path) {
    let Ok(device) = fs::metadata(initrd).map(|root| root.dev()) else { return };
    for entry in fs::read_dir(initrd).into_iter().flatten().flatten() {
        let path = entry.path();
        let Ok(found) = fs::symlink_metadata(&path) else { continue };
        if found.dev() != device {
            continue;
        }
        // What stays costs memory and nothing else.
        let _ = if found.is_dir() { remove_tree(&path, device) } else { fs::remove_file(&path) };
    }
}

fn remove_tree(folder: &Path, device: u64) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let found = fs::symlink_metadata(&path)?;
        if found.is_dir() && found.dev() == device {
            remove_tree(&path, device)?;
        } else if !found.is_dir() {
            fs::remove_file(&path)?;
        }
    }
    fs::remove_dir(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_initrds_files_go() {
        let initrd = tempfile::tempdir().unwrap();
        let deep = initrd.path().join("usr/lib/modules");
        fs::create_dir_all(&deep).unwrap();
        fs::write(deep.join("a.ko"), "").unwrap();
        fs::write(initrd.path().join("init"), "").unwrap();
        std::os::unix::fs::symlink("/usr", initrd.path().join("link")).unwrap();
        free_memory(initrd.path());
        assert_eq!(fs::read_dir(initrd.path()).unwrap().count(), 0);
        assert!(Path::new("/usr").is_dir(), "what a link leads to stays");
    }
}
