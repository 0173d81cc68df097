//! Kernel images (UAPI.5 Unified Kernel Image): what is in them, who signed them, and for which PCR values.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use ota_core::slots::entry::RESCUE;
use serde::{Deserialize, Serialize};

use crate::tools::Tools;

/// A kernel image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KernelImage {
    /// Its file name on the EFI system partition.
    pub name: String,
    /// Its size, bytes.
    pub size: u64,
    /// The subjects of the certificates that signed it for Secure Boot; empty when it is not signed.
    pub signed_by: Vec<String>,
    /// What the boot loader sorts it by, from its os-release.
    pub image_id: Option<String>,
    /// The version of the image, from its os-release.
    pub version: Option<String>,
    /// The kernel's version.
    pub kernel: Option<String>,
    /// The signed command line.
    pub command_line: String,
    /// Signed values of PCRs, one a boot phase and bank.
    pub pcr_signatures: Vec<PcrSignature>,
    /// The sections.
    pub sections: Vec<Section>,
}

/// A section of a kernel image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Section {
    /// Its name, with the point.
    pub name: String,
    /// Its size, bytes.
    pub size: u64,
    /// SHA-256 of its content, hexadecimal.
    pub sha256: String,
}

/// A signed PCR policy (systemd-measure(1)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PcrSignature {
    /// The bank: `sha256`.
    pub bank: String,
    /// The PCRs.
    pub pcrs: Vec<u32>,
    /// SHA-256 of the public key that checks it, hexadecimal.
    pub key: String,
    /// The policy that is signed, hexadecimal.
    pub policy: String,
}

#[derive(Deserialize)]
struct Printed {
    size: u64,
    sha256: String,
    text: Option<String>,
}

#[derive(Deserialize)]
struct SignedPolicy {
    pcrs: Vec<u32>,
    pkfp: String,
    pol: String,
}

impl KernelImage {
    /// Whether it is the rescue system, which starts no root.
    #[must_use]
    pub fn is_rescue(&self) -> bool {
        self.name == RESCUE
    }

    /// The root hash that the command line asks for.
    #[must_use]
    pub fn root_hash(&self) -> Option<&str> {
        self.command_line.split_whitespace().find_map(|word| word.strip_prefix("roothash="))
    }
}

pub(super) fn look(tools: &Tools, file: &Path, name: &str, size: u64) -> Result<KernelImage> {
    let printed = dump(tools, file)?;
    // sbverify fails for a file without a signature.
    let signers = tools.output("sbverify", [Path::new("--list"), file]).unwrap_or_default();
    from_printed(name, size, &printed, &signers)
}

/// The sections of a kernel image on this machine.
///
/// # Errors
/// When it cannot be read or is no kernel image.
pub fn sections(tools: &Tools, file: &Path) -> Result<Vec<Section>> {
    let file = std::fs::canonicalize(file).with_context(|| format!("cannot open {}", file.display()))?;
    let folder = file.parent().context("a file lies in a folder")?;
    let seen = Path::new("/mnt");
    let tools = tools.clone().with_folder(folder, seen);
    let printed = dump(&tools, &seen.join(file.file_name().context("a file has a name")?))?;
    Ok(listed(&parsed(&printed)?))
}

fn dump(tools: &Tools, file: &Path) -> Result<String> {
    let file = file.display().to_string();
    tools.output("ukify", ["--json=short", "inspect", &file]).context("cannot look into the kernel image")
}

fn parsed(printed: &str) -> Result<BTreeMap<String, Printed>> {
    serde_json::from_str(printed).context("cannot read what ukify printed")
}

fn listed(sections: &BTreeMap<String, Printed>) -> Vec<Section> {
    sections
        .iter()
        .map(|(name, section)| Section {
            name: name.clone(),
            size: section.size,
            sha256: section.sha256.clone(),
        })
        .collect()
}

pub(super) fn from_printed(name: &str, size: u64, printed: &str, signers: &str) -> Result<KernelImage> {
    let sections = parsed(printed)?;
    let text = |name: &str| sections.get(name).and_then(|section| section.text.as_deref()).map(str::trim);
    let os_release = |key: &str| {
        let value = text(".osrel")?.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='))?;
        Some(value.trim_matches('"').to_owned())
    };
    let signed: BTreeMap<String, Vec<SignedPolicy>> = match text(".pcrsig") {
        Some(text) => {
            serde_json::from_str(text.trim_end_matches('\0')).context("cannot read the PCR signatures")?
        }
        None => BTreeMap::new(),
    };
    let pcr_signatures = signed.into_iter().flat_map(|(bank, policies)| {
        policies.into_iter().map(move |policy| PcrSignature {
            bank: bank.clone(),
            pcrs: policy.pcrs,
            key: policy.pkfp,
            policy: policy.pol,
        })
    });
    Ok(KernelImage {
        name: name.to_owned(),
        size,
        signed_by: subjects(signers),
        image_id: os_release("IMAGE_ID"),
        version: os_release("IMAGE_VERSION"),
        kernel: text(".uname").map(str::to_owned),
        command_line: text(".cmdline").unwrap_or_default().to_owned(),
        pcr_signatures: pcr_signatures.collect(),
        sections: listed(&sections),
    })
}

/// The certificates' subjects in what `sbverify --list` prints.
fn subjects(printed: &str) -> Vec<String> {
    let mut subjects: Vec<String> = printed
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- subject: "))
        .map(str::to_owned)
        .collect();
    subjects.sort();
    subjects.dedup();
    subjects
}
