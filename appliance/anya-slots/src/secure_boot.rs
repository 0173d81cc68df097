//! Whether the firmware would start a kernel image.
//!
//! When firmware denies a kernel image, systemd-boot leaves to it instead of trying the next entry, and the
//! try is spent; so an image that would be denied is never given an entry. Who may sign is in the firmware's
//! variable `db`, as a list of certificates (UEFI 2.10, 32.4.1); sbverify checks the signature itself.
//!
//! Limits: firmware that enforces nothing, such as that of a board without UEFI, checks nothing; what vouches for a
//! kernel image there is its digest in the signed manifest. A kernel image that `db` allows by its hash alone is refused.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ota_client::slot_keeper::protocol::code;
use root_side::program::Runner;
use uuid::{Uuid, uuid};

use crate::commands;
use crate::failure::Failure;
use crate::note;
use crate::places::Places;

/// The kind of a list of X.509 certificates (`EFI_CERT_X509_GUID`).
const X509: Uuid = uuid!("a5c059a1-94e4-4aa7-87b5-ab155c2bf072");
/// The length of a variable's attributes before its content in efivarfs, bytes.
const ATTRIBUTES: usize = 4;
/// The length of a list's head, bytes: its kind, its own length, that of its header, that of a signature.
const HEAD: usize = 28;
/// The length of the owner's GUID before each certificate, bytes.
const OWNER: usize = 16;

/// Whether the firmware enforces Secure Boot.
pub(crate) fn is_enforced(places: &Places) -> bool {
    fs::read(places.secure_boot()).is_ok_and(|variable| variable.get(ATTRIBUTES) == Some(&1))
}

/// Whether the firmware would start a kernel image; always, when it does not enforce Secure Boot.
///
/// # Errors
/// It would not; or that cannot be found out.
pub(crate) fn check(runner: &dyn Runner, places: &Places, kernel_image: &Path) -> Result<(), Failure> {
    if !is_enforced(places) {
        note(
            "the firmware checks no signature of the kernel image: the release's signers alone vouch for it",
        );
        return Ok(());
    }
    let variable = fs::read(places.trusted_by_firmware());
    let variable = variable.context("cannot read which certificates the firmware trusts")?;
    let path = places.run().join("certificate.pem");
    for certificate in certificates(variable.get(ATTRIBUTES..).unwrap_or_default()) {
        fs::write(&path, pem(certificate)).with_context(|| format!("cannot write {}", path.display()))?;
        let verified = runner.run(&commands::verify_signature(&path, kernel_image));
        // Left behind it would be overwritten the next time.
        let _ = fs::remove_file(&path);
        if verified?.code == 0 {
            return Ok(());
        }
    }
    Err(Failure::refused(
        code::KERNEL_NOT_SIGNED,
        "The kernel image of the release is not signed for this box: it would not start.",
    ))
}

/// The certificates of a variable's content. It ends where it is not as it should be.
fn certificates(mut lists: &[u8]) -> Vec<&[u8]> {
    let mut certificates = Vec::new();
    while let Some((list, rest)) = split_list(lists) {
        certificates.extend(list);
        lists = rest;
    }
    certificates
}

/// The certificates of the first list, and the lists behind it.
fn split_list(lists: &[u8]) -> Option<(Vec<&[u8]>, &[u8])> {
    let length = |at: usize| {
        let bytes = lists.get(at..at + 4)?.try_into().ok()?;
        usize::try_from(u32::from_le_bytes(bytes)).ok()
    };
    let kind = Uuid::from_bytes_le(lists.get(..16)?.try_into().ok()?);
    let (list, header, signature) = (length(16)?, length(20)?, length(24)?);
    let (content, rest) = (lists.get(HEAD.checked_add(header)?..list)?, lists.get(list..)?);
    if kind != X509 || signature <= OWNER {
        return Some((Vec::new(), rest));
    }
    Some((content.chunks_exact(signature).map(|entry| &entry[OWNER..]).collect(), rest))
}

/// A certificate as sbverify reads it (RFC 7468).
fn pem(certificate: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(certificate);
    let mut pem = "-----BEGIN CERTIFICATE-----\n".to_owned();
    for line in text.as_bytes().chunks(64) {
        pem.extend(line.iter().map(|&letter| char::from(letter)));
        pem.push('\n');
    }
    pem + "-----END CERTIFICATE-----\n"
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use root_side::program::Scripted;

    const SHA256: Uuid = uuid!("c1c41626-504c-4092-aca9-41f936934328");

    fn list(kind: Uuid, header: usize, signatures: &[&[u8]]) -> Vec<u8> {
        let size = OWNER + signatures[0].len();
        let number = |length: usize| u32::try_from(length).unwrap().to_le_bytes();
        let mut list = kind.to_bytes_le().to_vec();
        list.extend(number(HEAD + header + size * signatures.len()));
        list.extend(number(header));
        list.extend(number(size));
        list.extend(vec![0xee; header]);
        for signature in signatures {
            list.extend([7; OWNER]);
            list.extend(*signature);
        }
        list
    }

    /// Firmware that enforces Secure Boot and trusts these certificates.
    pub(crate) fn enforce(places: &Places, certificates: &[&[u8]]) {
        fs::create_dir_all(places.secure_boot().parent().unwrap()).unwrap();
        fs::create_dir_all(places.run()).unwrap();
        fs::write(places.secure_boot(), [6, 0, 0, 0, 1]).unwrap();
        let lists: Vec<u8> =
            certificates.iter().flat_map(|certificate| list(X509, 0, &[certificate])).collect();
        fs::write(places.trusted_by_firmware(), [&[0x27, 0, 0, 0], &lists[..]].concat()).unwrap();
    }

    #[test]
    fn certificates_are_found_among_other_lists() {
        let lists = [
            list(SHA256, 0, &[&[1; 32], &[2; 32]]),
            list(X509, 4, &[b"one", b"two"]),
            list(X509, 0, &[b"three"]),
        ];
        let all = lists.concat();
        assert_eq!(certificates(&all), [&b"one"[..], b"two", b"three"]);
        for cut in 0..all.len() {
            // A variable that is cut anywhere gives fewer of them, and no panic.
            assert!(certificates(&all[..cut]).len() < 3, "{cut}");
        }
        let endless =
            list(X509, 0, &[b"x"]).into_iter().enumerate().map(|(at, byte)| if at == 16 { 0 } else { byte });
        assert!(certificates(&endless.collect::<Vec<_>>()).is_empty(), "a list of no length");
    }

    #[test]
    fn any_certificate_will_do_and_none_is_a_refusal() {
        let folder = tempfile::tempdir().unwrap();
        let places = Places::under(folder.path());
        let kernel_image = folder.path().join("kernel.efi");
        let nobody = Scripted::default().ends("sbverify", 1, "Signature verification failed");
        check(&nobody, &places, &kernel_image).unwrap();
        assert!(nobody.started().is_empty(), "the firmware does not ask");
        enforce(&places, &[b"first", b"second"]);
        let Err(Failure::Refused(refused)) = check(&nobody, &places, &kernel_image) else {
            panic!("accepted")
        };
        assert_eq!((refused.code.as_str(), nobody.started().len()), ("kernel_not_signed", 2));
        let asked = places.run().join("certificate.pem");
        let second = Scripted::default().does("sbverify", {
            let (asked, wanted) = (asked.clone(), pem(b"first"));
            move |_| assert_eq!(fs::read_to_string(&asked).unwrap(), wanted)
        });
        check(&second, &places, &kernel_image).unwrap();
        assert_eq!(second.started().len(), 1);
        assert!(!asked.exists());
    }
}
