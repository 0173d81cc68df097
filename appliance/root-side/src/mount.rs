//! What is laid into the tree of files, by the kernel's own calls (mount(2)): a program for each would take a box that
//! starts longer than what it does.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};

/// Something to be mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mount {
    /// A file system.
    FileSystem {
        /// The kernel's name of its kind.
        kind: &'static str,
        /// As mount(8) takes them: those of the kernel and those of the file system itself.
        options: &'static str,
        /// The device that it lies on.
        device: PathBuf,
        /// Where.
        at: PathBuf,
    },
    /// A file or folder over another one.
    Bind {
        /// The one that is seen then.
        from: PathBuf,
        /// The one that is hidden.
        over: PathBuf,
    },
}

/// The options that are the kernel's and not a file system's.
const FLAGS: [(&str, MsFlags); 5] = [
    ("noatime", MsFlags::MS_NOATIME),
    ("nodev", MsFlags::MS_NODEV),
    ("noexec", MsFlags::MS_NOEXEC),
    ("nosuid", MsFlags::MS_NOSUID),
    ("ro", MsFlags::MS_RDONLY),
];

/// As the command line of mount(8).
impl fmt::Display for Mount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FileSystem { kind, options, device, at } => {
                write!(f, "mount -t {kind} -o {options} {} {}", device.display(), at.display())
            }
            Self::Bind { from, over } => write!(f, "mount --bind {} {}", from.display(), over.display()),
        }
    }
}

impl Mount {
    /// Mounts it. A file system on a disk that takes no writes any more is mounted for reading, as mount(8) does.
    ///
    /// # Errors
    /// The kernel's.
    pub(crate) fn mount(&self) -> Result<()> {
        let mounted = match self {
            Self::FileSystem { kind, options, device, at } => {
                let (flags, own) = split(options);
                let mount = |flags| mount(Some(device), at, Some(*kind), flags, Some(own.as_str()));
                match mount(flags) {
                    Err(Errno::EACCES | Errno::EROFS) => mount(flags | MsFlags::MS_RDONLY),
                    other => other,
                }
            }
            Self::Bind { from, over } => {
                mount(Some(from), over, None::<&str>, MsFlags::MS_BIND, None::<&str>)
            }
        };
        mounted.with_context(|| format!("{self} failed"))
    }
}

/// Takes away what is mounted there, also while a file of it is still read by somebody.
pub(crate) fn unmount(at: &Path) -> Result<()> {
    umount2(at, MntFlags::MNT_DETACH).with_context(|| format!("cannot unmount {}", at.display()))
}

/// The kernel's flags among the options, and the file system's own.
fn split(options: &str) -> (MsFlags, String) {
    let flag = |word| FLAGS.iter().find(|(name, _)| *name == word).map(|(_, flag)| *flag);
    let flags = options.split(',').filter_map(flag).collect();
    let own: Vec<_> = options.split(',').filter(|word| flag(word).is_none()).collect();
    (flags, own.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_flags_are_told_from_the_file_systems_options() {
        let all = MsFlags::MS_NOATIME | MsFlags::MS_NODEV | MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC;
        assert_eq!(
            split("noatime,nodev,nosuid,noexec,errors=remount-ro"),
            (all, "errors=remount-ro".to_owned())
        );
        assert_eq!(split("ro"), (MsFlags::MS_RDONLY, String::new()));
        assert_eq!(split("umask=0077,uid=0"), (MsFlags::empty(), "umask=0077,uid=0".to_owned()));
    }

    #[test]
    fn what_cannot_be_mounted_says_which_and_why() {
        let bind = Mount::Bind { from: "/nowhere/a".into(), over: "/nowhere/b".into() };
        let error = format!("{:#}", bind.mount().unwrap_err());
        assert!(error.starts_with("mount --bind /nowhere/a /nowhere/b failed: E"), "{error}");
        assert!(unmount(Path::new("/nowhere")).is_err());
    }
}
