//! A release as small as it can be, signed by Alice, whom the test's box trusts.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ota_client::digest::sha256;
use ota_client::fat;
use ota_client::source::{Evidence, Signed};
use ota_client::verity::{self, Superblock};
use ota_core::manifest::{Content, Manifest, Part};
use ota_core::signers::{Signer, SignerList};
use sequoia_openpgp::Cert;
use sequoia_openpgp::cert::CertBuilder;
use sequoia_openpgp::serialize::SerializeInto;
use sequoia_openpgp::serialize::stream::{self, Message};

const BLOCKS: u64 = 3;

/// A release and the keys of who signs it.
pub(crate) struct Release {
    pub(crate) root: Vec<u8>,
    pub(crate) verity: Vec<u8>,
    pub(crate) kernel_image: Vec<u8>,
    pub(crate) manifest: Manifest,
    pub(crate) signer: Cert,
}

pub(crate) fn time(text: &str) -> SystemTime {
    let at: jiff::Timestamp = text.parse().unwrap();
    UNIX_EPOCH + Duration::from_secs(u64::try_from(at.as_second()).unwrap())
}

pub(crate) fn signer(name: &str) -> Cert {
    let builder = CertBuilder::new().add_userid(name).add_signing_subkey();
    builder.set_creation_time(time("2026-09-01T00:00:00Z")).generate().unwrap().0
}

/// A file with this content.
pub(crate) fn file(content: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(content).unwrap();
    file
}

fn content(file: &File) -> Vec<u8> {
    let mut content = vec![0; usize::try_from(file.metadata().unwrap().len()).unwrap()];
    file.read_exact_at(&mut content, 0).unwrap();
    content
}

impl Release {
    /// A release of this version, of epoch 2.
    pub(crate) fn of(version: &str) -> Self {
        let root: Vec<u8> = (0..BLOCKS * 4096).map(|at| (at * at % 251) as u8).collect();
        let (data, hashes) = (file(&root), tempfile::tempfile().unwrap());
        let superblock = Superblock { uuid: [7; 16], data_blocks: BLOCKS, salt: vec![3; 32] };
        hashes.write_all_at(&superblock.to_block(), 0).unwrap();
        let root_hash = verity::make(&data, &hashes, root.len() as u64).unwrap();
        let (verity, kernel_image) = (content(&hashes), kernel_image(&root_hash.to_string(), version));
        let part = |bytes: &[u8]| {
            let image = Content { size: bytes.len() as u64, sha256: sha256(bytes) };
            Part { image, index: image }
        };
        let manifest = Manifest {
            version: version.parse().unwrap(),
            board: "qemu-x86_64".parse().unwrap(),
            channel: "stable".parse().unwrap(),
            epoch: 2,
            minimum_version: "1.0.0".parse().unwrap(),
            signed: "2026-11-20T00:00:00Z".parse().unwrap(),
            expires: "2026-12-20T00:00:00Z".parse().unwrap(),
            signers: 1,
            notes: String::new(),
            root_hash,
            root: part(&root),
            verity: part(&verity),
            uki: part(&kernel_image),
        };
        Self { root, verity, kernel_image, manifest, signer: signer("Alice") }
    }

    /// With another kernel image, which the manifest promises.
    pub(crate) fn with_kernel_image(mut self, image: Vec<u8>) -> Self {
        self.manifest.uki.image = Content { size: image.len() as u64, sha256: sha256(&image) };
        self.kernel_image = image;
        self
    }

    /// The document of the list with Alice alone.
    pub(crate) fn signers(&self) -> Vec<u8> {
        let certificate = String::from_utf8(self.signer.armored().to_vec().unwrap()).unwrap();
        let signers = vec![Signer { name: "Alice".to_owned(), certificate }];
        let expires = "2027-11-01T00:00:00Z".parse().unwrap();
        SignerList { version: 1, expires, threshold: 1, signers }.to_bytes().unwrap()
    }

    /// What a check leaves behind: the manifest, signed by Alice.
    pub(crate) fn evidence(&self) -> Evidence {
        self.signed_by(&self.signer)
    }

    pub(crate) fn signed_by(&self, cert: &Cert) -> Evidence {
        let document = self.manifest.to_bytes().unwrap();
        let key = cert.keys().subkeys().next().unwrap().key().clone().role_into_unspecified();
        let pair = key.parts_into_secret().unwrap().into_keypair().unwrap();
        let mut signatures = Vec::new();
        let signer = stream::Signer::new(Message::new(&mut signatures), pair).unwrap();
        let signer = signer.creation_time(time("2026-11-20T00:00:00Z"));
        let mut signer = signer.detached().build().unwrap();
        signer.write_all(&document).unwrap();
        signer.finalize().unwrap();
        Evidence { manifest: Signed { document, signatures }, ..Evidence::default() }
    }
}

/// A Raspberry Pi's kernel image with what is read of one.
pub(crate) fn boot_img(root_hash: &str, version: &str) -> Vec<u8> {
    fat::fixture::make(&[
        ("CONFIG.TXT", b"kernel=Image"),
        ("CMDLINE.TXT", format!("quiet roothash={root_hash}").as_bytes()),
        ("OSREL.TXT", format!("IMAGE_ID=anya\nIMAGE_VERSION={version}\n").as_bytes()),
    ])
}

/// A PE file with what is read of a kernel image.
pub(crate) fn kernel_image(root_hash: &str, version: &str) -> Vec<u8> {
    let version = version.replacen('-', "~", 1);
    let sections = [
        (&b".osrel"[..], format!("IMAGE_ID=anya\nIMAGE_VERSION={version}\n")),
        (b".cmdline", format!("quiet roothash={root_hash}")),
    ];
    let mut file = vec![0; 1024];
    file[..2].copy_from_slice(b"MZ");
    file[60] = 128;
    file[128..132].copy_from_slice(b"PE\0\0");
    file[134] = 2;
    for (at, (name, content)) in sections.iter().enumerate() {
        let (row, offset) = (152 + 40 * at, u32::try_from(file.len()).unwrap());
        file[row..row + name.len()].copy_from_slice(name);
        let length = u32::try_from(content.len()).unwrap();
        for (field, value) in [(8, length), (16, length), (20, offset)] {
            file[row + field..row + field + 4].copy_from_slice(&value.to_le_bytes());
        }
        file.extend_from_slice(content.as_bytes());
    }
    file
}
