//! SoftHSM on a developer's machine: where its module lies, its configuration, its token folder.
//!
//! SoftHSM reads the path of its configuration from `SOFTHSM2_CONF` inside `C_Initialize`. So the
//! service calls [`prepare`] and [`set_environment`] at the very start of `main`, before the async
//! runtime or any other thread exists, and [`crate::open`] later.
//!
//! SoftHSM keeps keys in files encrypted under the PIN: it is software, not protection against who
//! owns the machine.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// The variable in which SoftHSM looks for its configuration file.
pub const ENVIRONMENT_VARIABLE: &str = "SOFTHSM2_CONF";

/// Where distributions install the module.
const MODULE_PATHS: [&str; 6] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
];

/// Why SoftHSM could not be made ready.
#[derive(Debug, thiserror::Error)]
pub enum SoftHsmError {
    /// The token folder could not be made.
    #[error("cannot make SoftHSM's token folder {path}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The configuration file could not be written.
    #[error("cannot write SoftHSM's configuration {path}")]
    Configuration {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The folder's path cannot stand in the configuration file, which has one setting per line.
    #[error("SoftHSM's folder {path} must be UTF-8 without a line break")]
    Path {
        /// The folder.
        path: PathBuf,
    },
    /// The environment cannot be changed safely any more.
    #[error("SOFTHSM2_CONF must be set before the process starts threads; it has {threads}")]
    ThreadsRunning {
        /// How many threads the process has.
        threads: usize,
    },
}

/// The first of the usual places that holds the module, or `None` when SoftHSM is not installed.
pub fn find_module() -> Option<PathBuf> {
    MODULE_PATHS.iter().map(PathBuf::from).find(|path| path.is_file())
}

/// Makes `dir/tokens` (mode 0700) and writes `dir/softhsm2.conf` (mode 0600), whose path it returns.
/// Repeating is harmless: tokens stay.
///
/// # Errors
/// When the folder or the file cannot be written.
pub fn prepare(dir: &Path) -> Result<PathBuf, SoftHsmError> {
    let dir =
        std::path::absolute(dir).map_err(|source| SoftHsmError::Folder { path: dir.to_owned(), source })?;
    let text = dir.to_str().filter(|text| !text.contains(['\n', '\r']));
    let Some(text) = text else { return Err(SoftHsmError::Path { path: dir }) };
    let tokens = dir.join("tokens");
    make_private_folder(&tokens).map_err(|source| SoftHsmError::Folder { path: tokens.clone(), source })?;

    let conf = dir.join("softhsm2.conf");
    let settings = format!(
        "directories.tokendir = {text}/tokens\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n"
    );
    write_private_file(&conf, settings.as_bytes())
        .map_err(|source| SoftHsmError::Configuration { path: conf.clone(), source })?;
    Ok(conf)
}

/// Points SoftHSM to a configuration file, for this process and its children.
///
/// # Errors
/// `ThreadsRunning` once the process has a second thread: the environment must not change then.
pub fn set_environment(conf: &Path) -> Result<(), SoftHsmError> {
    // Without /proc the number is unknown, and then the answer must be no.
    let threads = fs::read_dir("/proc/self/task").map_or(usize::MAX, Iterator::count);
    if threads != 1 {
        return Err(SoftHsmError::ThreadsRunning { threads });
    }
    #[expect(unsafe_code, reason = "the module reads its configuration's path from the environment only")]
    // SAFETY: `set_var` must not race with other threads' use of the environment. The kernel has just
    // listed this thread as the process's only one, and only this thread could start another.
    unsafe {
        std::env::set_var(ENVIRONMENT_VARIABLE, conf);
    }
    Ok(())
}

fn make_private_folder(path: &Path) -> std::io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    // An older folder keeps its mode under `create`.
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
}

fn write_private_file(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prepare_makes_a_private_folder_and_names_it_in_the_configuration() {
        let dir = tempfile::tempdir().unwrap();
        let conf = prepare(dir.path()).unwrap();
        let text = fs::read_to_string(&conf).unwrap();
        assert!(
            text.contains(&format!("directories.tokendir = {}/tokens\n", dir.path().display())),
            "{text}"
        );
        let mode = fs::metadata(dir.path().join("tokens")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        assert_eq!(prepare(dir.path()).unwrap(), conf);
    }

    #[test]
    fn prepare_refuses_a_path_that_would_add_a_setting() {
        assert!(matches!(prepare(Path::new("/tmp/a\nb")), Err(SoftHsmError::Path { .. })));
    }

    #[test]
    fn the_environment_is_left_alone_beside_other_threads() {
        // The test harness itself runs this on a second thread.
        assert!(matches!(
            set_environment(Path::new("/nonexistent")),
            Err(SoftHsmError::ThreadsRunning { threads }) if threads > 1
        ));
    }
}
