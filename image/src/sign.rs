//! Kernel images (UKI): made, measured and signed with `ukify`.

use std::path::Path;

use anyhow::{Context, Result};

use crate::keys::Keys;
use crate::tools::Tools;

/// What a kernel image is made of.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    /// The kernel.
    pub kernel: &'a Path,
    /// The initrd.
    pub initrd: &'a Path,
    /// The command line, which is signed too.
    pub command_line: &'a str,
    /// The os-release file, by which the boot loader names and sorts the entry.
    pub os_release: &'a Path,
    /// What it may do with the data.
    pub data: Data,
}

/// What a kernel image may do with the data that is sealed to the TPM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Data {
    /// It opens it: the values of PCR 11 that it leads to are signed.
    Opens,
    /// It does not open it.
    Closed,
}

/// Makes a kernel image, signed for Secure Boot; where it opens the data, with signed values of PCR 11 for
/// every boot phase (UAPI.5 Unified Kernel Image; systemd-measure(1)).
///
/// # Errors
/// When a part or a key is missing, or ukify fails.
pub fn make_uki(tools: &Tools, keys: &Keys, parts: &Parts<'_>, out: &Path) -> Result<()> {
    let path = |path: &Path| path.to_string_lossy().into_owned();
    let mut arguments = vec![
        "build".to_owned(),
        format!("--linux={}", path(parts.kernel)),
        format!("--initrd={}", path(parts.initrd)),
        format!("--cmdline={}", parts.command_line),
        format!("--secureboot-private-key={}", path(&keys.secure_boot_key())),
        format!("--secureboot-certificate={}", path(&keys.secure_boot_certificate())),
        "--sign-kernel".to_owned(),
        format!("--os-release=@{}", path(parts.os_release)),
        format!("--output={}", path(out)),
    ];
    if parts.data == Data::Opens {
        arguments.extend([
            format!("--pcr-private-key={}", path(&keys.pcr_key())),
            format!("--pcr-public-key={}", path(&keys.pcr_public_key())),
            "--pcr-banks=sha256".to_owned(),
        ]);
    }
    tools.output("ukify", arguments).context("cannot make the kernel image").map(drop)
}

/// Signs one EFI program for Secure Boot, in its place.
///
/// # Errors
/// When the file is no EFI program, or sbsign fails.
pub fn sign_efi(tools: &Tools, keys: &Keys, file: &Path) -> Result<()> {
    let path = |path: &Path| path.to_string_lossy().into_owned();
    let arguments = [
        "--key".to_owned(),
        path(&keys.secure_boot_key()),
        "--cert".to_owned(),
        path(&keys.secure_boot_certificate()),
        "--output".to_owned(),
        path(file),
        path(file),
    ];
    tools.output("sbsign", arguments).context("cannot sign the program").map(drop)
}
