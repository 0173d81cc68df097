//! A release that is fetched into a folder first, and put together from there.

use std::fs::{self, File};
use std::path::Path;

use ota_client::kept::Keeping;
use ota_client::readback;
use ota_client::release::{Missing, Places, Stock, missing, put_together};
use ota_client::slot_keeper::{ReadableSlots, SlotFiles};
use ota_client::source::{Cancel, Repository, Source};
use ota_client::verity::verify_slot;
use ota_core::layout;

use crate::release::{Memory, Parts, Release, content, file, noise};

/// A box with a version in the slot that runs, and perhaps an older one in the other.
struct Slots {
    running: Parts,
    files: ReadableSlots,
    uki: File,
}

impl Slots {
    fn of(running: Parts, other: Option<&Parts>) -> Self {
        let copy = |part: usize| other.map_or_else(|| file(b""), |parts| file(&parts.images[part]));
        let files = ReadableSlots {
            running: SlotFiles { root: file(&running.images[0]), verity: file(&running.images[1]) },
            kernel_image: file(&running.images[2]),
            other: SlotFiles { root: copy(0), verity: copy(1) },
        };
        Self { running, files, uki: file(b"") }
    }

    fn stock(&self) -> Stock {
        Stock::take(&self.files, &Cancel::default()).unwrap()
    }

    fn missing(&self, release: &Release, source: &mut dyn Source) -> Missing {
        let (stock, other) = (self.stock(), &self.files.other.root);
        missing(source, &release.manifest, &stock, other, &self.uki, &Cancel::default()).unwrap()
    }

    /// Puts the release together and checks that it is there, and that what runs is untouched.
    fn install(&self, release: &Release, source: &mut dyn Source) {
        let SlotFiles { root, verity } = &self.files.other;
        let into = Places { root, verity, uki: &self.uki };
        let (stock, never) = (self.stock(), Cancel::default());
        put_together(source, &release.manifest, &stock, into, &never, &mut |_, _| {}).unwrap();
        verify_slot(&release.manifest, root, verity).unwrap();
        assert!(readback::holds(&self.uki, &release.manifest.uki.image).unwrap());
        assert_eq!(content(&self.files.running.root), self.running.images[0]);
    }
}

fn server(release: &Release) -> Repository<Memory> {
    Repository(Memory { files: release.files.clone(), ..Memory::default() })
}

/// How many chunks were asked for.
fn chunks_asked(server: &Repository<Memory>) -> usize {
    server.0.asked.iter().filter(|path| path.starts_with("chunks/")).count()
}

fn changed(root: &[u8]) -> Vec<u8> {
    let mut next = root.to_vec();
    next[300_000] ^= 1;
    next
}

#[test]
fn what_was_fetched_is_installed_without_the_server() {
    let old = noise(1, 700_000);
    let release = Release::with_root(changed(&old));
    let slots = Slots::of(Parts::of("1.0.0", old), None);
    let kept = tempfile::tempdir().unwrap();
    let mut server = server(&release);
    {
        let mut source = Keeping::new(kept.path(), &mut server);
        let missing = slots.missing(&release, &mut source);
        assert!(
            missing.bytes() < 400_000,
            "{} of 700000: most of it is in the slot that runs",
            missing.bytes()
        );
        let mut told = Vec::new();
        missing.fetch(&mut source, &Cancel::default(), &mut |now| told.push(now)).unwrap();
        assert_eq!((told.last().unwrap().done, missing.bytes_not_in(kept.path())), (missing.bytes(), 0));
    }
    let mut gone = Repository(Memory::default());
    slots.install(&release, &mut Keeping::new(kept.path(), &mut gone));
    assert!(gone.0.asked.is_empty(), "{:?}", gone.0.asked);
}

#[test]
fn the_old_version_in_the_other_slot_is_taken_from_too() {
    let (running, other) = (noise(1, 300_000), noise(2, 700_000));
    let release = Release::with_root(changed(&other));
    let other = Parts::of("0.9.0", other);
    let slots = Slots::of(Parts::of("1.0.0", running), Some(&other));
    let kept = tempfile::tempdir().unwrap();
    let mut server = server(&release);
    let mut source = Keeping::new(kept.path(), &mut server);
    let missing = slots.missing(&release, &mut source);
    assert!(missing.bytes() < 400_000, "{}", missing.bytes());
    slots.install(&release, &mut source);
}

#[test]
fn a_download_that_was_ended_goes_on_where_it_was() {
    let release = Release::new();
    let slots = Slots::of(Parts::of("1.0.0", noise(9, 4096)), None);
    let kept = tempfile::tempdir().unwrap();
    let mut first = server(&release);
    let cancel = Cancel::default();
    let (ended, all) = {
        let mut source = Keeping::new(kept.path(), &mut first);
        let missing = slots.missing(&release, &mut source);
        let mut count = 0;
        let ended = missing.fetch(&mut source, &cancel, &mut |_| {
            count += 1;
            if count == 3 {
                cancel.cancel();
            }
        });
        (ended, missing)
    };
    assert_eq!((ended.unwrap_err().code(), chunks_asked(&first)), ("stopped", 3));
    assert!((1..all.bytes()).contains(&all.bytes_not_in(kept.path())));

    let mut second = server(&release);
    let mut source = Keeping::new(kept.path(), &mut second);
    all.fetch(&mut source, &Cancel::default(), &mut |_| {}).unwrap();
    slots.install(&release, &mut source);
    let mut third = server(&release);
    let in_all = {
        let folder = tempfile::tempdir().unwrap();
        all.fetch(&mut Keeping::new(folder.path(), &mut third), &Cancel::default(), &mut |_| {}).unwrap();
        chunks_asked(&third)
    };
    assert_eq!(chunks_asked(&second), in_all - 3, "nothing is fetched twice");
}

fn spoil(folder: &Path, path: &str) {
    let path = folder.join(path);
    let mut content = fs::read(&path).unwrap();
    let middle = content.len() / 2;
    content[middle] ^= 1;
    fs::write(path, content).unwrap();
}

#[test]
fn what_the_disk_has_spoilt_is_fetched_anew() {
    let release = Release::new();
    let slots = Slots::of(Parts::of("1.0.0", noise(9, 4096)), None);
    let kept = tempfile::tempdir().unwrap();
    let mut first = server(&release);
    {
        let mut source = Keeping::new(kept.path(), &mut first);
        slots.missing(&release, &mut source).fetch(&mut source, &Cancel::default(), &mut |_| {}).unwrap();
    }
    spoil(kept.path(), &release.first_chunk());
    spoil(kept.path(), &layout::index(&release.manifest, ota_core::manifest::PartKind::Root));
    let mut second = server(&release);
    slots.install(&release, &mut Keeping::new(kept.path(), &mut second));
    assert_eq!(second.0.asked.len(), 2, "{:?}", second.0.asked);
}

#[test]
fn what_a_server_sends_wrong_is_refused_and_not_kept() {
    let mut release = Release::new();
    let path = release.first_chunk();
    let chunk = release.files.get_mut(&path).unwrap();
    let last = chunk.len() - 1;
    chunk[last] ^= 1;
    let slots = Slots::of(Parts::of("1.0.0", noise(9, 4096)), None);
    let kept = tempfile::tempdir().unwrap();
    let mut server = server(&release);
    let mut source = Keeping::new(kept.path(), &mut server);
    let missing = slots.missing(&release, &mut source);
    let refused = missing.fetch(&mut source, &Cancel::default(), &mut |_| {}).unwrap_err();
    assert_eq!(refused.code(), "other_content");
    assert!(!kept.path().join(path).exists());
    assert_eq!(content(&slots.files.other.root), b"", "nothing was written");
}
