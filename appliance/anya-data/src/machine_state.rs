//! What the machine keeps on the data partition although the root is read-only: the folders of the
//! service, the machine's id, the last known time.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, symlink};
use std::path::Path;

use anyhow::{Context, Result};
use nix::unistd::{User, chown};
use root_side::mount::Mount;
use root_side::program::Runner;

use crate::places::{Places, SERVICE_USER};

/// Makes the folders on the mounted volume and lays the kept state over the system's.
///
/// # Errors
/// When the volume cannot be written to. A volume that is full keeps what it has, and is no error.
pub(crate) fn commit(runner: &dyn Runner, places: &Places) -> Result<()> {
    let data = places.data();
    folder(&data.join("system"), 0o755)?;
    let service = data.join(SERVICE_USER);
    folder(&service, 0o700)?;
    own(&service)?;
    keep_machine_id(runner, places)?;
    keep_time(runner, places)?;
    File::open(&data).and_then(|folder| folder.sync_all()).context("cannot write to the data partition")
}

/// The first boot's id stays the machine's.
fn keep_machine_id(runner: &dyn Runner, places: &Places) -> Result<()> {
    let kept = places.kept_machine_id();
    let current = fs::read_to_string(places.machine_id()).unwrap_or_default();
    if !is_machine_id(&fs::read_to_string(&kept).unwrap_or_default()) {
        if !is_machine_id(&current) {
            return Ok(());
        }
        return write_durably(&kept, current.as_bytes());
    }
    let known = fs::read_to_string(&kept).context("cannot read the machine's id")?;
    if known.trim() == current.trim() {
        return Ok(());
    }
    runner.mount(&Mount::Bind { from: kept, over: places.machine_id() })?;
    // The journal of this boot was begun under another id; it is looked for under this one from now on.
    let journal = places.journals().join(known.trim());
    if places.journals().join(current.trim()).is_dir() && !journal.exists() {
        symlink(current.trim(), &journal).context("cannot keep the journal in sight")?;
    }
    Ok(())
}

/// The clock is never behind the time that was known last (systemd-timesyncd.service(8)).
fn keep_time(runner: &dyn Runner, places: &Places) -> Result<()> {
    let (kept, time) = (places.kept_time(), places.time());
    folder(&kept, 0o755)?;
    folder(&time, 0o755)?;
    if !is_mounted(places, &time) {
        runner.mount(&Mount::Bind { from: kept, over: time })?;
    }
    Ok(())
}

/// Whether something is mounted there.
pub(crate) fn is_mounted(places: &Places, at: &Path) -> bool {
    let mounts = fs::read_to_string(places.mounts()).unwrap_or_default();
    // The fifth field is the mount point (proc_pid_mountinfo(5)).
    mounts.lines().any(|line| line.split(' ').nth(4).is_some_and(|found| Path::new(found) == at))
}

fn is_machine_id(text: &str) -> bool {
    let text = text.trim();
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn folder(path: &Path, mode: u32) -> Result<()> {
    let make = || -> std::io::Result<()> {
        DirBuilder::new().recursive(true).mode(mode).create(path)?;
        fs::set_permissions(path, fs::Permissions::from_mode(mode))
    };
    make().with_context(|| format!("cannot make {}", path.display()))
}

/// Gives the service its folder. A machine without that user is a test's.
fn own(path: &Path) -> Result<()> {
    let Some(user) = User::from_name(SERVICE_USER).context("cannot look up the service's user")? else {
        return Ok(());
    };
    chown(path, Some(user.uid), Some(user.gid)).with_context(|| format!("cannot own {}", path.display()))
}

fn write_durably(path: &Path, content: &[u8]) -> Result<()> {
    let part = path.with_extension("part");
    let write = || -> std::io::Result<()> {
        let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o444).open(&part)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&part, path)?;
        File::open(path.parent().unwrap_or(Path::new("/")))?.sync_all()
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use root_side::program::Scripted;

    const FIRST: &str = "0123456789abcdef0123456789abcdef\n";
    const SECOND: &str = "fedcba9876543210fedcba9876543210\n";

    fn machine(id: &str) -> (tempfile::TempDir, Places) {
        let folder = tempfile::tempdir().unwrap();
        for path in ["etc", "data", "run/log/journal"] {
            fs::create_dir_all(folder.path().join(path)).unwrap();
        }
        fs::write(folder.path().join("etc/machine-id"), id).unwrap();
        let places = Places::under(folder.path());
        (folder, places)
    }

    #[test]
    fn the_first_boots_id_stays() {
        let (folder, places) = machine(FIRST);
        commit(&Scripted::default(), &places).unwrap();
        assert_eq!(fs::read_to_string(places.kept_machine_id()).unwrap(), FIRST);
        // The next boot begins with another one.
        fs::write(places.machine_id(), SECOND).unwrap();
        fs::create_dir_all(places.journals().join(SECOND.trim())).unwrap();
        fs::write(places.journals().join(SECOND.trim()).join("system.journal"), "").unwrap();
        let runner = Scripted::default();
        commit(&runner, &places).unwrap();
        let root = folder.path().display();
        assert_eq!(
            runner.started(),
            [
                format!("mount --bind {root}/data/system/machine-id {root}/etc/machine-id"),
                format!("mount --bind {root}/data/system/timesync {root}/var/lib/systemd/timesync"),
            ]
        );
        assert_eq!(fs::read_to_string(places.kept_machine_id()).unwrap(), FIRST);
        assert!(places.journals().join(FIRST.trim()).join("system.journal").exists(), "still in sight");
    }

    #[test]
    fn the_services_folder_is_private_and_a_machine_without_an_id_keeps_none() {
        let (_folder, places) = machine("uninitialized\n");
        commit(&Scripted::default(), &places).unwrap();
        let mode = fs::metadata(places.data().join("anya")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        assert!(!places.kept_machine_id().exists());
    }

    #[test]
    fn what_is_mounted_already_is_left() {
        let (folder, places) = machine(FIRST);
        fs::create_dir_all(folder.path().join("proc/self")).unwrap();
        let line = format!("36 35 98:0 / {} rw,noatime shared:1 - ext4 /dev/x rw\n", places.time().display());
        fs::write(places.mounts(), line).unwrap();
        let runner = Scripted::default();
        commit(&runner, &places).unwrap();
        assert_eq!(runner.started(), Vec::<String>::new());
    }
}
