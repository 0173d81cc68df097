//! A repository with one release as it should be, of which each test changes one thing.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;

use jiff::Timestamp;
use ota_client::check::{CheckError, Checked, Facts, SignerLists, check};
use ota_client::digest::sha256;
use ota_client::source::{Signed, Source};
use ota_client::verity::{self, Superblock};
use ota_client::{chunker, source};
use ota_core::index::{Chunk, ChunkIndex};
use ota_core::layout;
use ota_core::manifest::{Content, Manifest, Part, PartKind};
use ota_core::signers::{Signer, SignerList};
use ota_core::trust::{BoardFacts, Known, Room};
use sequoia_openpgp::Cert;

use crate::keys::{SIGNED, public, sign, signer};

pub(crate) const MANIFEST: &str = "stable/qemu-x86_64/manifest.json";
pub(crate) const NOW: &str = "2026-11-21T12:00:00Z";

/// The files of a repository by their paths.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// Bytes without any pattern; the same for the same seed.
pub(crate) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// The parts of a release, in their order.
pub(crate) struct Parts {
    pub(crate) images: [Vec<u8>; 3],
    pub(crate) root_hash: String,
}

impl Parts {
    /// The parts of this version, with this root.
    pub(crate) fn of(version: &str, mut root: Vec<u8>) -> Self {
        root.resize(root.len().next_multiple_of(verity::BLOCK), 0);
        let (data, hashes) = (file(&root), tempfile::tempfile().unwrap());
        let blocks = (root.len() / verity::BLOCK) as u64;
        let superblock = Superblock { uuid: [7; 16], data_blocks: blocks, salt: vec![3; 32] };
        std::os::unix::fs::FileExt::write_all_at(&hashes, &superblock.to_block(), 0).unwrap();
        let root_hash = verity::make(&data, &hashes, root.len() as u64).unwrap().to_string();
        let uki = crate::kernel::image(&format!("quiet roothash={root_hash}"), "anya", version);
        Self { images: [root, content(&hashes), uki], root_hash }
    }
}

/// A release, its signers, and the repository that has it.
pub(crate) struct Release {
    pub(crate) files: Files,
    pub(crate) parts: Parts,
    pub(crate) manifest: Manifest,
    pub(crate) certs: Vec<Cert>,
    pub(crate) list: SignerList,
}

impl Release {
    /// Version 1.1.0, signed by Alice and Bob of Alice, Bob and Carol.
    pub(crate) fn new() -> Self {
        Self::with_root(noise(1, 700_000))
    }

    /// The same with this root.
    pub(crate) fn with_root(root: Vec<u8>) -> Self {
        let certs: Vec<Cert> = ["Alice", "Bob", "Carol"].map(signer).into();
        let list = list(1, 2, &certs);
        let parts = Parts::of("1.1.0", root);
        let mut files = Files::new();
        let manifest = add_parts(&mut files, &parts, "1.1.0");
        let mut release = Self { files, parts, manifest, certs, list };
        release.publish();
        release
    }

    /// Writes the manifest anew, signed by Alice and Bob.
    pub(crate) fn publish(&mut self) {
        let document = self.manifest.to_bytes().unwrap();
        let signatures = [0, 1].map(|who| sign(&self.certs[who], &document)).concat();
        self.files.insert(MANIFEST.to_owned(), document);
        self.files.insert(layout::signatures(MANIFEST), signatures);
    }

    /// The path of the first chunk's file.
    pub(crate) fn first_chunk(&self) -> String {
        layout::chunk(&chunks(&self.parts.images[0])[0].0.sha256)
    }

    /// Writes the repository into a folder.
    pub(crate) fn write_to(&self, folder: &Path) {
        for (path, content) in &self.files {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
    }

    /// The manifest and its signatures as they are published.
    pub(crate) fn signed(&self) -> Signed {
        Signed {
            document: self.files[MANIFEST].clone(),
            signatures: self.files.get(&layout::signatures(MANIFEST)).cloned().unwrap_or_default(),
        }
    }
}

/// A list of these signers, whose names are those of their certificates.
pub(crate) fn list(version: u64, threshold: u64, certs: &[Cert]) -> SignerList {
    let signer = |cert: &Cert| Signer {
        name: String::from_utf8_lossy(cert.userids().next().unwrap().userid().value()).into_owned(),
        certificate: public(cert),
    };
    SignerList {
        version,
        expires: "2027-11-01T00:00:00Z".parse().unwrap(),
        threshold,
        signers: certs.iter().map(signer).collect(),
    }
}

/// The chunks of an image, and their files.
pub(crate) fn chunks(image: &[u8]) -> Vec<(Chunk, Vec<u8>)> {
    chunker::pieces(image)
        .map(|piece| {
            let bytes = piece.unwrap().bytes;
            let packed = zstd::encode_all(&bytes[..], 1).unwrap();
            let length = u32::try_from(bytes.len()).unwrap();
            let compressed = u32::try_from(packed.len()).unwrap();
            (Chunk { sha256: sha256(&bytes), length, compressed }, packed)
        })
        .collect()
}

fn add_parts(files: &mut Files, parts: &Parts, version: &str) -> Manifest {
    let of = |bytes: &[u8]| Content { size: bytes.len() as u64, sha256: sha256(bytes) };
    let mut promised = Vec::new();
    for (kind, image) in PartKind::ALL.iter().zip(&parts.images) {
        let (list, packed): (Vec<Chunk>, Vec<Vec<u8>>) = chunks(image).into_iter().unzip();
        let index = ChunkIndex::write(&list).unwrap();
        promised.push(Part { image: of(image), index: of(&index) });
        files.insert(format!("stable/qemu-x86_64/{version}/{}.index", kind.name()), index);
        files.extend(list.iter().map(|chunk| layout::chunk(&chunk.sha256)).zip(packed));
    }
    Manifest {
        version: version.parse().unwrap(),
        board: "qemu-x86_64".parse().unwrap(),
        channel: "stable".parse().unwrap(),
        epoch: 2,
        minimum_version: "1.0.0".parse().unwrap(),
        signed: SIGNED.parse().unwrap(),
        expires: "2026-12-20T00:00:00Z".parse().unwrap(),
        signers: 1,
        notes: "Quicker.".to_owned(),
        root_hash: parts.root_hash.parse().unwrap(),
        root: promised[0],
        verity: promised[1],
        uki: promised[2],
    }
}

/// A box that runs 1.0.0, and what it remembers.
pub(crate) struct AnyaBox {
    pub(crate) signers: Option<Vec<u8>>,
    pub(crate) followed: SignerLists,
    pub(crate) known: Known,
    pub(crate) now: String,
    pub(crate) synchronised: bool,
    pub(crate) board: BoardFacts,
    /// What was stored, each time.
    pub(crate) stored: Vec<(SignerLists, Known)>,
}

impl AnyaBox {
    /// A box whose image has the release's signer list.
    pub(crate) fn for_release(release: &Release) -> Self {
        Self {
            signers: Some(release.list.to_bytes().unwrap()),
            followed: SignerLists::new(),
            known: Known { highest_epoch: 2, ..Known::default() },
            now: NOW.to_owned(),
            synchronised: true,
            board: BoardFacts {
                board: "qemu-x86_64".parse().unwrap(),
                channel: "stable".parse().unwrap(),
                installed: "1.0.0".parse().unwrap(),
                built: "2026-10-01T00:00:00Z".parse().unwrap(),
                room: Room { root: 1 << 30, verity: 8 << 20, uki: 64 << 20 },
            },
            stored: Vec::new(),
        }
    }

    pub(crate) fn check(&mut self, source: &mut dyn Source) -> Result<Checked, CheckError> {
        let facts = Facts {
            signers: self.signers.as_deref(),
            followed: &self.followed,
            known: &self.known,
            system_time: self.now.parse::<Timestamp>().unwrap(),
            synchronised: self.synchronised,
            board: &self.board,
        };
        check(source, &facts, &mut |remember| {
            self.stored.push((remember.followed.clone(), remember.known.clone()));
            Ok(())
        })
    }

    /// The code of the refusal; nothing may have been stored. It says why in a sentence.
    pub(crate) fn refusal(&mut self, source: &mut dyn Source) -> &'static str {
        let error = self.check(source).expect_err("this must not be accepted");
        assert!(self.stored.is_empty(), "what was refused was stored: {error}");
        let words = error.to_string();
        assert!(words.ends_with('.') && words.len() > 10, "{words}");
        error.code()
    }
}

/// A file with this content.
pub(crate) fn file(content: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    std::io::Write::write_all(&mut file, content).unwrap();
    file
}

/// What a file holds.
pub(crate) fn content(file: &File) -> Vec<u8> {
    let mut content = vec![0; usize::try_from(file.metadata().unwrap().len()).unwrap()];
    std::os::unix::fs::FileExt::read_exact_at(file, &mut content, 0).unwrap();
    content
}

/// A repository in memory, which counts what it is asked for.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) files: Files,
    pub(crate) asked: Vec<String>,
}

impl source::Files for Memory {
    fn get(&mut self, path: &str, _: source::Size) -> Result<Option<Vec<u8>>, source::SourceError> {
        self.asked.push(path.to_owned());
        Ok(self.files.get(path).cloned())
    }
}
