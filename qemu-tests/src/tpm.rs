//! The software TPM (swtpm) of a machine. Its state lies in a folder beside the disk, so that a machine
//! that is switched on again has the TPM it had, and a new folder is a new TPM.

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::lab::{Lab, run};
use crate::process::{await_path, child_in};

/// The socket on which QEMU reaches the TPM, in the machine's folder.
pub(crate) const SOCKET: &str = "swtpm.sock";

/// Starts the TPM whose state is in `name` under the machine's folder; a folder that is missing is a new
/// TPM. One PCR bank only: firmware and the kernel's stub hash the kernel image once for each bank.
pub(crate) fn start(lab: &Lab, folder: &Path, name: &str) -> Result<Child> {
    let state = folder.join(name);
    if !state.exists() {
        std::fs::create_dir_all(&state)?;
        let mut setup = lab.command("swtpm_setup");
        setup.current_dir(folder);
        setup.args(["--tpm2", "--tpmstate", name, "--pcr-banks", "sha256", "--overwrite"]);
        run(&mut setup, "swtpm_setup")?;
    }
    let _ = std::fs::remove_file(folder.join(SOCKET));
    let mut command = lab.command("swtpm");
    command.args(["socket", "--tpm2", "--tpmstate", &format!("dir={name}")]);
    command.args(["--ctrl", &format!("type=unixio,path={SOCKET}")]);
    command.args(["--flags", "startup-clear", "--terminate"]);
    let mut child = child_in(folder, command, "swtpm.log", Stdio::null()).context("cannot start swtpm")?;
    await_path(&folder.join(SOCKET), &mut child, Duration::from_secs(30)).context("swtpm")?;
    Ok(child)
}
