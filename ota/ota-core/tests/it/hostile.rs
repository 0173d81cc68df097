//! Hostile releases, as data: one folder of `tests/fixtures` each, with what it is, why it is refused, and
//! the code of the refusal.
//!
//! A case differs from the good one in one thing: a file of its own, or a fact in its `case.toml`. The files
//! are not signed: what an OpenPGP library found about signatures is a fact here. In `signatures`,
//! `"b/2 revoked"` is one of the signer whose primary key is all `b`, made with the subkey that is all `2`,
//! and revoked.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ota_core::bundle::{Bundle, EntryKind, Item};
use ota_core::fingerprint::Fingerprint;
use ota_core::index::{Chunk, ChunkIndex};
use ota_core::manifest::{KernelFacts, Manifest};
use ota_core::signers::{SignerList, Signers};
use ota_core::transfer::{Pace, Transfer};
use ota_core::trust::{
    BoardFacts, Case, ChannelSeen, Finding, Known, Refusal, Room, Rotation, SetAside, Signature, Verdict,
    judge,
};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fixture {
    why: String,
    expect: String,
    release: Option<ReleaseFacts>,
    signers: Option<SignerFacts>,
    index: Option<IndexFacts>,
    chunk: Option<ChunkFacts>,
    transfer: Option<TransferFacts>,
    kernel: Option<Kernel>,
    bundle: Option<BundleFacts>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ReleaseFacts {
    signatures: Vec<String>,
    signers: bool,
    now: String,
    synchronised: bool,
    last_time: Option<String>,
    installed: String,
    seen_version: String,
    seen_signed: String,
    epoch: u64,
    counter: u64,
    failed: Option<String>,
    room: u64,
    pad: usize,
}

impl Default for ReleaseFacts {
    fn default() -> Self {
        Self {
            signatures: vec!["a".into(), "b/2".into()],
            signers: true,
            now: "2026-11-21T12:00:00Z".into(),
            synchronised: true,
            last_time: None,
            installed: "1.1.0".into(),
            seen_version: "1.1.0".into(),
            seen_signed: "2026-11-01T00:00:00Z".into(),
            epoch: 2,
            counter: 0,
            failed: None,
            room: 384 << 20,
            pad: 0,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignerFacts {
    keys: Vec<String>,
    #[serde(default)]
    signatures: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IndexFacts {
    size: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChunkFacts {
    length: u64,
    digest: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TransferFacts {
    expected: u64,
    came: Vec<(u64, u64)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Kernel {
    command_line: String,
    version: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BundleFacts {
    entries: Vec<EntryFacts>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryFacts {
    name: String,
    size: u64,
    kind: Option<String>,
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// The case's own file, or that of the good one.
fn file(folder: &Path, name: &str) -> Vec<u8> {
    let own = folder.join(name);
    fs::read(if own.exists() { own } else { fixtures().join("good").join(name) }).unwrap()
}

fn key(digit: &str) -> Fingerprint {
    digit.repeat(40).parse().unwrap()
}

fn signature(text: &str) -> Signature {
    let (keys, finding) = text.split_once(' ').unwrap_or((text, "good"));
    let (signer, subkey) = keys.split_once('/').unwrap_or((keys, keys));
    let finding = match finding {
        "good" => Finding::Good,
        "revoked" => Finding::Revoked,
        "expired" => Finding::Expired,
        "weak" => Finding::Weak,
        "bad" => Finding::Bad,
        other => panic!("{other}"),
    };
    Signature { signer: Some(key(signer)), key: key(subkey), finding }
}

fn signatures(texts: &[String]) -> Vec<Signature> {
    texts.iter().map(|text| signature(text)).collect()
}

/// The first signer list: two of Alice, Bob and Carol.
fn first_signers() -> Signers {
    let folder = fixtures().join("one-key-under-two-names");
    let list = SignerList::parse(&fs::read(folder.join("signers.json")).unwrap()).unwrap();
    list.with_fingerprints(&["a", "b", "c"].map(key)).unwrap()
}

fn manifest(document: &[u8]) -> Result<Manifest, Refusal> {
    Manifest::parse(document).map_err(|reason| Refusal::Document { what: "manifest", reason })
}

fn release(folder: &Path, facts: &ReleaseFacts) -> Result<String, Refusal> {
    let mut document = file(folder, "manifest.json");
    document.resize(document.len() + facts.pad, b' ');
    let manifest = manifest(&document)?;
    let seen = ChannelSeen {
        version: facts.seen_version.parse().unwrap(),
        signed: facts.seen_signed.parse().unwrap(),
    };
    let failed = facts.failed.iter().map(|version| {
        (version.parse().unwrap(), SetAside::Failed { reason: "It never got healthy.".to_owned() })
    });
    let known = Known {
        highest_epoch: facts.epoch,
        channels: [("stable".parse().unwrap(), seen)].into(),
        last_time: facts.last_time.as_ref().map(|time| time.parse().unwrap()),
        set_aside: failed.collect(),
    }
    .with_counter(facts.counter);
    let before = known.clone();
    let board = BoardFacts {
        board: "qemu-x86_64".parse().unwrap(),
        channel: "stable".parse().unwrap(),
        installed: facts.installed.parse().unwrap(),
        built: "2026-10-01T00:00:00Z".parse().unwrap(),
        room: Room { root: facts.room, verity: 8 << 20, uki: 64 << 20 },
    };
    let signers = first_signers();
    let judgement = judge(&Case {
        manifest: &manifest,
        signatures: &signatures(&facts.signatures),
        signers: facts.signers.then_some(&signers),
        known: &known,
        system_time: facts.now.parse().unwrap(),
        synchronised: facts.synchronised,
        board: &board,
    })?;
    assert_ne!(judgement.known, before, "what is believed is remembered");
    Ok(match judgement.verdict {
        Verdict::NothingNew => "nothing_new".to_owned(),
        Verdict::Offer(offer) => {
            assert_eq!(offer.signed_by, ["Alice", "Bob"]);
            if offer.set_aside.is_some() { "offered_set_aside" } else { "offered" }.to_owned()
        }
    })
}

fn signers(folder: &Path, facts: &SignerFacts) -> Result<String, Refusal> {
    let list = SignerList::parse(&file(folder, "signers.json"))
        .map_err(|reason| Refusal::Document { what: "signer list", reason })?;
    let keys: Vec<Fingerprint> = facts.keys.iter().map(|digit| key(digit)).collect();
    let next = list.with_fingerprints(&keys)?;
    let mut rotation = Rotation::from(Some(first_signers()))?;
    rotation.follow(next, &signatures(&facts.signatures))?;
    let now = "2026-11-21T12:00:00Z".parse().unwrap();
    rotation.current(&Known::default().clock(now, now, true))?;
    Ok("followed".to_owned())
}

fn transfer(facts: &TransferFacts) -> Result<String, Refusal> {
    let mut transfer = Transfer::begin(facts.expected, Pace::default(), Duration::ZERO);
    for &(seconds, bytes) in &facts.came {
        transfer.received(bytes, Duration::from_secs(seconds))?;
    }
    transfer.end()?;
    Ok("taken".to_owned())
}

fn chunk(digit: u8, length: u32) -> Chunk {
    Chunk { sha256: hex::encode([digit; 32]).parse().unwrap(), length, compressed: 900 }
}

fn kernel(folder: &Path, facts: &Kernel) -> Result<String, Refusal> {
    let kernel =
        KernelFacts { command_line: &facts.command_line, image_id: "anya", image_version: &facts.version };
    manifest(&file(folder, "manifest.json"))?.check_kernel(&kernel)?;
    Ok("taken".to_owned())
}

fn bundle(folder: &Path, facts: &BundleFacts) -> Result<String, Refusal> {
    let told = |reason| Refusal::Bundle { reason };
    let manifest = manifest(&file(folder, "manifest.json"))?;
    let mut bundle = Bundle::default();
    for entry in &facts.entries {
        let kind = match entry.kind.as_deref() {
            None => EntryKind::File,
            Some("link") => EntryKind::Link,
            Some("device") => EntryKind::Device,
            Some(_) => EntryKind::Other,
        };
        match bundle.entry(&entry.name, kind, entry.size).map_err(told)? {
            Item::ManifestSignatures => bundle.manifest(&manifest).map_err(told)?,
            Item::Index(ota_core::manifest::PartKind::Uki) => {
                bundle.chunks([chunk(0x11, 65536), chunk(0x22, 65536), chunk(0x11, 65536)]).map_err(told)?;
            }
            _ => {}
        }
    }
    bundle.end().map_err(told)?;
    Ok("taken".to_owned())
}

fn result(folder: &Path, fixture: &Fixture) -> Result<String, Refusal> {
    let taken = || Ok("taken".to_owned());
    match fixture {
        Fixture { release: Some(facts), .. } => release(folder, facts),
        Fixture { signers: Some(facts), .. } => signers(folder, facts),
        Fixture { index: Some(facts), .. } => ChunkIndex::parse(&file(folder, "root.index"), facts.size)
            .map(|index| format!("{} chunks", index.chunks().len())),
        Fixture { chunk: Some(facts), .. } => {
            let digest = facts.digest.repeat(64).parse().unwrap();
            chunk(0x11, 65536).check(facts.length, &digest).and_then(|()| taken())
        }
        Fixture { transfer: Some(facts), .. } => transfer(facts),
        Fixture { kernel: Some(facts), .. } => kernel(folder, facts),
        Fixture { bundle: Some(facts), .. } => bundle(folder, facts),
        Fixture { .. } => panic!("{}: it says nothing", folder.display()),
    }
}

#[test]
fn each_case_ends_as_it_says() {
    let mut wrong = BTreeMap::new();
    let mut count = 0;
    for folder in fs::read_dir(fixtures()).unwrap() {
        let folder = folder.unwrap().path();
        let text = fs::read_to_string(folder.join("case.toml")).unwrap();
        let fixture: Fixture =
            toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        assert!(!fixture.why.is_empty());
        let ended = match result(&folder, &fixture) {
            Ok(taken) => taken,
            Err(refusal) => {
                let words = refusal.to_string();
                assert!(words.ends_with('.') && words.len() > 20, "{words}");
                refusal.code().to_owned()
            }
        };
        if ended != fixture.expect {
            wrong.insert(folder.file_name().unwrap().to_owned(), (fixture.expect, ended));
        }
        count += 1;
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(count >= 90, "{count} cases");
}
