//! Two images are compared, and the file that differs within root or initrd is named.

use std::fs;
use std::path::Path;

use image::reproduce::compare;
use image::tools::{self, Tools};

/// Packs what lies in `tree` as root and initrd of an image in the same folder.
const PACK: &str = r#"
cd "$1"
mkfs.erofs --quiet -T1700000000 --all-root -U 5f2c7b1e-3f0a-4d56-9a61-0d0c7a0f1b77 root.raw tree >/dev/null
(cd tree; find etc | LC_ALL=C sort | cpio --create --format=newc --reproducible --quiet) >first
(cd tree; find usr | LC_ALL=C sort | cpio --create --format=newc --reproducible --quiet | zstd --quiet) >second
zstd --quiet --stdout first >initrd; cat second >>initrd
"#;

fn image(tools: &Tools, folder: &Path, setting: &str) {
    for (file, text) in [
        ("tree/etc/setting", setting),
        ("tree/usr/lib/same", "same"),
        ("roothash", "00"),
        ("verity.raw", "v"),
    ] {
        let file = folder.join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    // Any EFI program does for a kernel.
    let program = tools.tree().join("usr/lib/systemd/boot/efi/systemd-bootx64.efi");
    fs::copy(program, folder.join("vmlinuz")).unwrap();
    for entry in ["tree/etc/setting", "tree/usr/lib/same"] {
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
        fs::File::options().append(true).open(folder.join(entry)).unwrap().set_modified(time).unwrap();
    }
    let tools = tools.clone().with_folder(folder, folder);
    let mut pack = tools.command("bash");
    pack.args(["-euc", PACK, "pack"]).arg(folder);
    tools::output(&mut pack, "packing").unwrap();
}

#[test]
fn the_file_that_differs_is_named() {
    let Some(tools) = super::tools() else { return };
    let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    image(&tools, a.path(), "on");
    image(&tools, b.path(), "no");
    assert_eq!(compare(&tools, a.path(), a.path()).unwrap(), []);
    fs::write(b.path().join("verity.raw"), "w").unwrap();
    let found = compare(&tools, a.path(), b.path()).unwrap();
    let shown: Vec<_> = found.iter().map(|one| format!("{}: {}", one.part, one.what)).collect();
    assert!(shown.contains(&"root.raw: /etc/setting differs".to_owned()), "{shown:?}");
    assert!(shown.contains(&"verity.raw: byte 0".to_owned()), "{shown:?}");
    assert!(shown.contains(&"initrd: /etc/setting differs".to_owned()), "{shown:?}");
    assert!(!shown.iter().any(|line| line.contains("/usr/lib/same")), "{shown:?}");
}
