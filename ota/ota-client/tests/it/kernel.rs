//! Kernel images that belong to a release, and others.

use ota_boot::fat::fixture;
use ota_client::kernel_image::{KernelImage, check};

use crate::release::{Release, file, noise};

/// A PE file with these sections behind its headers.
fn pe(sections: &[(&str, &[u8])]) -> Vec<u8> {
    let mut file = vec![0; 128];
    file[..2].copy_from_slice(b"MZ");
    file[60] = 128;
    file.extend_from_slice(b"PE\0\0\x64\x86");
    file.extend_from_slice(&u16::try_from(sections.len()).unwrap().to_le_bytes());
    // Time, symbols; an optional header of 16 bytes; characteristics.
    file.extend_from_slice(&[0; 12]);
    file.extend_from_slice(&[16, 0, 0, 0]);
    file.extend_from_slice(&[0; 16]);
    let mut at = file.len() + 40 * sections.len();
    for (name, content) in sections {
        let padded = content.len().next_multiple_of(512);
        let mut row = [0; 40];
        row[..name.len()].copy_from_slice(name.as_bytes());
        row[8..12].copy_from_slice(&u32::try_from(content.len()).unwrap().to_le_bytes());
        row[16..20].copy_from_slice(&u32::try_from(padded).unwrap().to_le_bytes());
        row[20..24].copy_from_slice(&u32::try_from(at).unwrap().to_le_bytes());
        file.extend_from_slice(&row);
        at += padded;
    }
    for (_, content) in sections {
        file.extend_from_slice(content);
        file.resize(file.len() + content.len().next_multiple_of(512) - content.len(), 0);
    }
    file
}

/// A unified kernel image.
pub(crate) fn image(command_line: &str, id: &str, version: &str) -> Vec<u8> {
    let release = format!("NAME=Debian\nIMAGE_ID={id}\nIMAGE_VERSION=\"{version}\"\n");
    let kernel = noise(9, 200_000);
    pe(&[(".osrel", release.as_bytes()), (".cmdline", command_line.as_bytes()), (".linux", &kernel)])
}

/// A Raspberry Pi's kernel image.
fn boot_img(config: &str, command_line: &str, os_release: &str) -> Vec<u8> {
    fixture::make(&[
        ("CONFIG.TXT", config.as_bytes()),
        ("IMAGE", &noise(9, 100_000)),
        ("CMDLINE.TXT", command_line.as_bytes()),
        ("OSREL.TXT", os_release.as_bytes()),
    ])
}

#[test]
fn a_boot_img_is_told_by_its_files() {
    let release = Release::new();
    let manifest = &release.manifest;
    let command_line = format!("console=tty1 roothash={} gpt\n", release.parts.root_hash);
    let os_release = "IMAGE_ID=anya\nIMAGE_VERSION=1.1.0\n";
    let config = "arm_64bit=1\nkernel=Image\n";
    check(&file(&boot_img(config, &command_line, os_release)), manifest).unwrap();
    let other_root = format!("roothash={}", "0".repeat(64));
    let other_version = "IMAGE_ID=anya\nIMAGE_VERSION=1.2.0\n";
    for (image, why) in [
        (boot_img(config, "console=tty1", os_release), "names no root hash"),
        (boot_img(config, &other_root, os_release), "starts another root"),
        (boot_img(config, &command_line, other_version), "is of version \"1.2.0\""),
        (boot_img("cmdline=other.txt", &command_line, os_release), "names another command line"),
        (boot_img("[all]\n os_prefix=old/", &command_line, os_release), "names another command line"),
        (boot_img(config, "quiet\0roothash=x", os_release), "its file cmdline.txt is not plain text"),
        (fixture::make(&[("CONFIG.TXT", b"")]), "its file cmdline.txt: the file is missing"),
        (fixture::make(&[]), "its file config.txt: the file is missing"),
    ] {
        let refusal = check(&file(&image), manifest).unwrap_err();
        assert_eq!(refusal.code(), "mixed_parts");
        assert!(refusal.to_string().contains(why), "{refusal}");
    }
}

#[test]
fn a_kernel_image_says_what_it_starts() {
    let read = KernelImage::read(&file(&image("quiet roothash=ab", "anya", "1.1.0"))).unwrap();
    assert_eq!(read.command_line, "quiet roothash=ab");
    assert_eq!(read.os_release_value("IMAGE_VERSION"), Some("1.1.0"));
    assert_eq!(read.os_release_value("VERSION"), None, "a longer key is another key");
}

#[test]
fn an_image_of_another_root_or_version_is_told() {
    let release = Release::new();
    let manifest = &release.manifest;
    let command_line = format!("quiet roothash={}", release.parts.root_hash);
    let cmdline = (".cmdline", command_line.as_bytes());
    let osrel = (".osrel", &b"IMAGE_ID=anya\nIMAGE_VERSION=1.1.0\n"[..]);
    check(&file(&release.parts.images[2]), manifest).unwrap();
    check(&file(&pe(&[cmdline, osrel])), manifest).unwrap();
    let long = vec![b'x'; 70_000];
    for (image, why) in [
        (image(&format!("roothash={}", "0".repeat(64)), "anya", "1.1.0"), "starts another root"),
        (image(&format!("{command_line} {command_line}"), "anya", "1.1.0"), "more than one root hash"),
        (image("quiet", "anya", "1.1.0"), "names no root hash"),
        (image(&command_line, "anya", "1.2.0"), "is of version \"1.2.0\""),
        (image(&command_line, "other", "1.1.0"), "calls itself \"other\""),
        (pe(&[cmdline, cmdline, osrel]), "has the section .cmdline twice"),
        (pe(&[osrel]), "has no section .cmdline"),
        (pe(&[cmdline]), "has no section .osrel"),
        (pe(&[(".cmdline", &long), osrel]), "is not plain text"),
        (pe(&[(".cmdline", b"quiet\0roothash=x"), osrel]), "is not plain text"),
        (pe(&[(".cmdline", &[0xff]), osrel]), "is not plain text"),
        (b"\x7fELF".repeat(100), "is not a PE file"),
        (b"MZ".to_vec(), "is not a PE file"),
        (pe(&[cmdline, osrel])[..140].to_vec(), "is not a PE file"),
    ] {
        let refusal = check(&file(&image), manifest).unwrap_err();
        assert_eq!(refusal.code(), "mixed_parts");
        assert!(refusal.to_string().contains(why), "{refusal}");
    }
}
