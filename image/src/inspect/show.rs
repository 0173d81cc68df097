//! The report as tables for people.

use comfy_table::{Table, presets};

use super::{KERNEL_IMAGE_LIMIT, KernelImage, ROOT_LIMIT, Report, Spare};

pub(super) fn table(report: &Report) -> String {
    let mut text = vec![facts(report), partitions(report)];
    text.extend(report.kernel_images.iter().map(|image| kernel_image(image, &report.spares)));
    if report.faults.is_empty() {
        text.push("Everything is as it should be.".to_owned());
    } else {
        text.push(format!("Not as it should be:\n- {}", report.faults.join("\n- ")));
    }
    text.join("\n\n")
}

/// Bytes as people read them.
pub(super) fn mib(bytes: u64) -> String {
    let tenths = (u128::from(bytes) * 10).div_ceil(1 << 20);
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}

fn facts(report: &Report) -> String {
    let root = &report.root;
    let mut rows = vec![
        ["Disk".to_owned(), report.disk.display().to_string()],
        ["Size".to_owned(), format!("{} ({} in use)", mib(report.size), mib(report.size_on_disk))],
    ];
    if let Some(manifest) = &report.manifest {
        rows.push(["Board".to_owned(), manifest.board.clone()]);
        rows.push(["Version".to_owned(), manifest.version.clone()]);
        let changes = if manifest.changed { ", with changes" } else { "" };
        let commit = manifest.commit.as_deref().unwrap_or("unknown");
        rows.push(["Commit".to_owned(), format!("{commit}{changes}")]);
        let (root, initrd) = (manifest.packages.len(), manifest.initrd_packages.len());
        let locked = if manifest.lock.is_some() { "locked" } else { "not locked" };
        rows.push([
            "Debian packages".to_owned(),
            format!("{root} in the root, {initrd} in the initrd, {locked}"),
        ]);
    }
    rows.push(["Root hash".to_owned(), root.hash.clone()]);
    let limit =
        if report.root_is_limited() { format!(" (at most {})", mib(ROOT_LIMIT)) } else { String::new() };
    rows.push(["Root".to_owned(), format!("{} of {}", mib(root.used), mib(root.size))]);
    rows.push([
        "Root without models".to_owned(),
        format!("{}{limit}", mib(root.used.saturating_sub(root.models))),
    ]);
    let mut table = plain();
    table.add_rows(rows);
    table.to_string()
}

fn partitions(report: &Report) -> String {
    let mut table = plain();
    table.set_header(["Partition", "Type", "Begins at", "Size", "Id"]);
    for partition in &report.partitions {
        table.add_row([
            partition.label.clone(),
            partition.kind.clone(),
            mib(partition.start),
            mib(partition.size),
            partition.id.clone(),
        ]);
    }
    table.to_string()
}

fn kernel_image(image: &KernelImage, spares: &[Spare]) -> String {
    let or = |text: Option<&str>, other: &str| text.unwrap_or(other).to_owned();
    let signed = if image.signed_by.is_empty() { "no".to_owned() } else { image.signed_by.join(", ") };
    let what = if image.is_rescue() { "Rescue system" } else { "Kernel image" };
    let spare = spares.iter().find(|spare| spare.of.as_ref() == Some(&image.name));
    let mut table = plain();
    table.add_rows([
        [what.to_owned(), image.name.clone()],
        ["Size".to_owned(), format!("{} (at most {})", mib(image.size), mib(KERNEL_IMAGE_LIMIT))],
        ["Version".to_owned(), or(image.version.as_deref(), "unknown")],
        ["Kernel".to_owned(), or(image.kernel.as_deref(), "unknown")],
        ["Signed by".to_owned(), signed],
        ["Signed PCR values".to_owned(), pcr_signatures(image)],
        ["Spare".to_owned(), or(spare.map(|spare| spare.name.as_str()), "none")],
        ["Command line".to_owned(), image.command_line.split_whitespace().collect::<Vec<_>>().join("\n")],
    ]);
    table.to_string()
}

fn pcr_signatures(image: &KernelImage) -> String {
    let mut lines: Vec<String> = image
        .pcr_signatures
        .iter()
        .map(|signature| {
            let pcrs: Vec<String> = signature.pcrs.iter().map(u32::to_string).collect();
            let key = signature.key.get(..16).unwrap_or(&signature.key);
            format!("PCR {} ({}), key {key}…", pcrs.join(", "), signature.bank)
        })
        .collect();
    let count = lines.len();
    lines.dedup();
    match count {
        0 => "none".to_owned(),
        _ => format!("{count}: {}", lines.join("; ")),
    }
}

fn plain() -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table
}
