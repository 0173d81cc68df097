//! What is wrong with the boot loader's entries.

use ota_core::slots::entry::{EntryName, IMAGE_ID, RESCUE, RESCUE_IMAGE_ID};

use super::disk::ESP;
use super::show::mib;
use super::{KERNEL_IMAGE_LIMIT, KernelImage, Report, Spare};

/// How many slots' kernel images lie there at most: both slots' and a spare, or one slot's, its spare and one that is
/// being written.
const SLOTS_IMAGES: u64 = 3;
/// The boot loader, the Secure Boot keys, and what FAT needs itself.
const OTHERS: u64 = 4 << 20;

pub(super) fn find_faults(report: &Report) -> Vec<String> {
    let mut faults = Vec::new();
    let (rescue, slots): (Vec<_>, Vec<_>) = report.kernel_images.iter().partition(|image| image.is_rescue());
    if slots.is_empty() {
        faults.push("the EFI system partition has no kernel image: the disk cannot boot".to_owned());
    }
    if rescue.is_empty() {
        faults.push(format!("the rescue system {RESCUE} is missing: a box whose slots fail says nothing"));
    }
    for image in &report.kernel_images {
        of_any(image, &mut faults);
    }
    for image in &rescue {
        of_rescue(image, &mut faults);
    }
    for image in &slots {
        of_slot(image, &report.root.hash, &mut faults);
    }
    faults.extend(slots.iter().filter_map(|image| of_spare(image, &report.spares)));
    let largest = slots.iter().map(|image| image.size).max().unwrap_or_default();
    let needed = SLOTS_IMAGES * largest + rescue.iter().map(|image| image.size).sum::<u64>() + OTHERS;
    if let Some(esp) = report.partitions.iter().find(|one| one.kind == ESP).filter(|esp| esp.size < needed) {
        faults.push(format!(
            "the EFI system partition has {}: for {SLOTS_IMAGES} kernel images and the rescue system it takes {}",
            mib(esp.size),
            mib(needed)
        ));
    }
    faults
}

/// A slot's kernel image needs its spare from the start.
fn of_spare(image: &KernelImage, spares: &[Spare]) -> Option<String> {
    let name = EntryName::spare(&EntryName::parse(&image.name)?.version);
    match spares.iter().find(|spare| spare.name == name) {
        Some(spare) if spare.of.as_ref() == Some(&image.name) => None,
        Some(_) => Some(format!("{name} is not what {} is: it would come in its place", image.name)),
        None => Some(format!("{name} is missing: an entry that a power cut loses does not come back")),
    }
}

fn of_any(image: &KernelImage, faults: &mut Vec<String>) {
    let name = &image.name;
    if image.size > KERNEL_IMAGE_LIMIT {
        faults.push(format!("{name} takes {}, more than {}", mib(image.size), mib(KERNEL_IMAGE_LIMIT)));
    }
    if image.signed_by.is_empty() {
        faults.push(format!("{name} is not signed: it does not start under Secure Boot"));
    }
    let wanted = if image.is_rescue() { RESCUE_IMAGE_ID } else { IMAGE_ID };
    if image.image_id.as_deref() != Some(wanted) {
        faults.push(format!("{name} does not call itself {wanted}: the boot loader sorts it wrongly"));
    }
}

fn of_rescue(image: &KernelImage, faults: &mut Vec<String>) {
    let name = &image.name;
    if !image.pcr_signatures.is_empty() {
        faults.push(format!("{name} has signed PCR values: it could open the data"));
    }
    if image.root_hash().is_some() {
        faults.push(format!("{name} names a root hash: it is to start no root"));
    }
}

fn of_slot(image: &KernelImage, root: &str, faults: &mut Vec<String>) {
    let name = &image.name;
    if image.pcr_signatures.is_empty() {
        faults.push(format!("{name} has no signed PCR values: data sealed to the TPM does not open"));
    }
    match image.root_hash() {
        Some(hash) if hash == root => {}
        Some(_) => faults.push(format!("{name} is for another root than the one on the disk")),
        None => faults.push(format!("{name} names no root hash: it would take any root")),
    }
    match EntryName::parse(name) {
        None => faults.push(format!("{name} is no name of an entry: updates do not know it")),
        Some(entry) => {
            if entry.tries.is_none() {
                faults.push(format!("{name} counts no tries: a box that does not start would try for ever"));
            }
            if image.version != Some(entry.version.loader_form()) {
                faults.push(format!(
                    "{name} is of version {}: its name says another",
                    image.version.as_deref().unwrap_or("unknown")
                ));
            }
        }
    }
}
