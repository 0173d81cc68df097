//! A plain Debian for the benchmark: what mmdebstrap makes of trixie with a kernel, systemd, networking and
//! an SSH server, on an ext4 root, with Debian's own initrd and units. No part of the box is in it.
//!
//! Made once and kept in the cache. Its kernel image is not signed, so it runs without Secure Boot.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::disk::SIZE;
use crate::lab::{Lab, run};

/// What a cloud's image of Debian has, beyond what mmdebstrap's `important` variant takes in.
const PACKAGES: &str = "linux-image-cloud-amd64,systemd-sysv,systemd-resolved,systemd-timesyncd,dbus,openssh-server,sudo,\
     cloud-guest-utils,unattended-upgrades,locales,ca-certificates,zstd";

/// The partition's label.
const LABEL: &str = "plain-root";

/// The disk.
#[derive(Debug)]
pub struct PlainDebian {
    /// The raw disk.
    pub disk: PathBuf,
    /// Size of the root's files, bytes.
    pub root_bytes: u64,
    /// Size of the kernel image, bytes.
    pub kernel_image_bytes: u64,
}

/// Finds the disk, or makes it: some minutes, and about 3 GB for a while.
///
/// # Errors
/// When mmdebstrap or a tool fails.
pub fn ready(lab: &Lab) -> Result<PlainDebian> {
    let folder = lab.cache().join("plain-debian");
    let (disk, kernel_image) = (folder.join("disk.raw"), folder.join("plain.efi"));
    if !disk.exists() {
        make(lab, &folder, &disk, &kernel_image).context("cannot make the plain Debian")?;
    }
    let root_bytes = fs::read_to_string(folder.join("root.bytes"))?.trim().parse()?;
    Ok(PlainDebian { root_bytes, kernel_image_bytes: fs::metadata(kernel_image)?.len(), disk })
}

fn make(lab: &Lab, folder: &Path, disk: &Path, kernel_image: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    let root = folder.join("root");
    let mode = if nix::unistd::geteuid().is_root() { "--mode=root" } else { "--mode=unshare" };
    let mut bootstrap = Command::new("mmdebstrap");
    bootstrap.args([mode, "--variant=important", &format!("--include={PACKAGES}"), "trixie"]).arg(&root);
    run(&mut bootstrap, "mmdebstrap")?;
    let script = format!(
        r#"
        cd "$1"
        echo 'LABEL={LABEL} / ext4 defaults 0 1' > root/etc/fstab
        printf '[Match]\nName=e*\n[Network]\nDHCP=yes\n' > root/etc/systemd/network/80-wired.network
        echo plain > root/etc/hostname
        chroot root systemctl enable --quiet systemd-networkd systemd-resolved
        chroot root passwd --lock --quiet root
        kernel=$(echo root/boot/vmlinuz-*) initrd=$(echo root/boot/initrd.img-*)
        du -sxB1 root | cut -f1 > root.bytes
        ukify build --linux="$kernel" --initrd="$initrd" --os-release=@root/etc/os-release \
            --cmdline='root=LABEL={LABEL} rw console=tty0 console=ttyS0 quiet' --output=plain.efi
        truncate --size={SIZE} disk.partial
        printf 'label: gpt\nstart=1MiB,size=128MiB,type=U\ntype=L\n' | sfdisk --quiet disk.partial
        # One sector to a cluster: with fewer than 65525 clusters the firmware takes it for FAT16.
        mkfs.vfat -F 32 --offset=2048 -S 512 -s 1 disk.partial 131072 >/dev/null
        mmd -i disk.partial@@1M ::/EFI ::/EFI/BOOT ::/EFI/Linux
        mcopy -i disk.partial@@1M /usr/lib/systemd/boot/efi/systemd-bootx64.efi ::/EFI/BOOT/BOOTX64.EFI
        mcopy -i disk.partial@@1M plain.efi ::/EFI/Linux/plain.efi
        mke2fs -q -t ext4 -L {LABEL} -d root -E offset=135266304 disk.partial 2900M
        rm -r root
        mv disk.partial disk.raw
        "#
    );
    let mut build = lab.command("bash");
    build.args(["-euc", &script, "plain"]).arg(folder);
    run(&mut build, "making its disk")?;
    anyhow::ensure!(disk.exists() && kernel_image.exists(), "its disk is missing");
    Ok(())
}
