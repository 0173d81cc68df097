//! Whether a kernel image belongs to its release.
//!
//! A kernel image says of itself which root it starts (`roothash=` on its command line) and what it is
//! (`IMAGE_ID` and `IMAGE_VERSION` of its os-release), by which systemd-boot orders it. Firmware with Secure Boot
//! checks the image's own signature, and the manifest's signers are others; here both have to say the same.

use super::Manifest;
use crate::slots::entry::IMAGE_ID;
use crate::trust::Refusal;

/// What a kernel image says of itself.
#[derive(Clone, Copy, Debug)]
pub struct KernelFacts<'a> {
    /// The kernel's command line: the section `.cmdline`, or `cmdline.txt`.
    pub command_line: &'a str,
    /// `IMAGE_ID` of its os-release: the boot loader's sort key.
    pub image_id: &'a str,
    /// `IMAGE_VERSION` of its os-release: what the boot loader orders by.
    pub image_version: &'a str,
}

impl Manifest {
    /// Whether the kernel image is of this release: it starts this root and no other, and the boot loader
    /// orders it as this version.
    ///
    /// # Errors
    /// [`Refusal::MixedParts`], with what does not fit.
    pub fn check_kernel(&self, kernel: &KernelFacts<'_>) -> Result<(), Refusal> {
        let mixed = |why: String| Err(Refusal::MixedParts { why });
        let roots: Vec<&str> = kernel
            .command_line
            .split_ascii_whitespace()
            .filter_map(|word| word.strip_prefix("roothash="))
            .collect();
        match roots[..] {
            [root] if root == self.root_hash.to_string() => {}
            [] => return mixed("its kernel image names no root hash".to_owned()),
            [_] => return mixed("its kernel image starts another root".to_owned()),
            _ => return mixed("its kernel image names more than one root hash".to_owned()),
        }
        if kernel.image_id != IMAGE_ID {
            return mixed(format!("its kernel image calls itself {:?}", kernel.image_id));
        }
        if kernel.image_version != self.version.loader_form() {
            return mixed(format!("its kernel image is of version {:?}", kernel.image_version));
        }
        Ok(())
    }
}
