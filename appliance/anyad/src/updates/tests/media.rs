//! Taking a release from a medium.

use std::fs;
use std::io::{self, Read};
use std::path::PathBuf;

use appliance_core::event::DomainEvent;
use appliance_core::update::{Fit, Media, UpdateError, UpdateMedia, UpdateSource, Updates};
use nix::errno::Errno;
use ota_client::source::Cancel;
use ota_core::life::Phase;

use super::{AnyaBox, Kept, Scripted, ada, kept, offer, pending, version};
use crate::updates::media::MediumReader;

const GOOD: &str = "anya-1.1.0-qemu-x86_64.update";

impl AnyaBox {
    /// A medium with these files is plugged in.
    fn plug_in(&self, medium: &str, names: &[&str]) -> PathBuf {
        let folder = self.folder.path().join("media").join(medium);
        fs::create_dir_all(&folder).unwrap();
        names.iter().for_each(|name| fs::write(folder.join(name), "no bundle at all").unwrap());
        self.updates.0.look_at_media();
        folder
    }

    fn media(&self) -> Media {
        self.updates.media()
    }

    fn told_media(&self) -> Vec<Media> {
        let events = self.memory.events.lock().unwrap();
        let media = events.iter().filter_map(|event| match event {
            DomainEvent::UpdateMediaChanged { media } => Some(media.clone()),
            _ => None,
        });
        media.collect()
    }
}

#[test]
fn what_is_plugged_in_and_pulled_out_is_told_once() {
    let given = AnyaBox::started(Scripted::new(), &Kept::default());
    given.updates.0.look_at_media();
    assert_eq!((given.media(), given.told_media().len()), (Media::default(), 0));
    let medium = given.plug_in("sdb1", &[GOOD, "anya-1.1.0-generic-x86_64.update", "holiday.jpg"]);
    given.updates.0.look_at_media();
    let fits: Vec<_> = given.media().releases.iter().map(|release| release.fit).collect();
    assert_eq!(fits, [Fit::OtherBoard, Fit::Newer]);
    assert_eq!(given.told_media(), [given.media()]);
    fs::remove_dir_all(medium).unwrap();
    given.updates.0.look_at_media();
    assert_eq!(given.told_media().last(), Some(&Media::default()));
    given.plug_in("sdc1", &["holiday.jpg"]);
    assert_eq!(given.told_media().len(), 2, "nothing of it is for the box");
    assert!(given.memory.actions().is_empty(), "nothing is taken by itself");
}

#[test]
fn a_damaged_file_is_copied_checked_and_leaves_nothing() {
    let given = AnyaBox::started(Scripted::new(), &Kept::default());
    given.plug_in("sdb1", &[GOOD]);
    given.updates.take_from_medium(&ada(), "sdb1", GOOD).unwrap();
    given.until("the end", |given| given.told_media().len() == 4);
    assert!(given.updates.status().problem.is_some());
    assert!(!given.updates.0.bundle().exists(), "nothing half-made remains");
    assert_eq!(given.memory.actions(), ["update.file"]);
    let told = given.told_media();
    let done: Vec<_> = told.iter().map(|media| media.taking.as_ref().map(|taking| taking.done)).collect();
    assert_eq!(done, [None, Some(0), Some(16), None]);
}

#[test]
fn what_is_not_there_or_does_not_fit_is_refused_before_it_is_noted() {
    let given = AnyaBox::started(Scripted::new(), &Kept::default());
    let (older, other) = ("anya-0.9.0-qemu-x86_64.update", "anya-1.1.0-generic-x86_64.update");
    let medium = given.plug_in("sdb1", &[GOOD, older, other, "secret"]);
    let take = |medium: &str, file: &str| given.updates.take_from_medium(&ada(), medium, file);
    for (at, file) in [("sdb1", "secret"), ("sdb1", "../sdb1/secret"), ("..", GOOD), ("sdc1", GOOD), ("", "")]
    {
        assert!(matches!(take(at, file), Err(UpdateError::NotNow(_))), "{at}/{file}");
    }
    for (file, code) in [(older, "older"), (other, "wrong_board")] {
        assert!(matches!(take("sdb1", file), Err(UpdateError::Refused(problem)) if problem.code == code));
    }
    fs::remove_dir_all(medium).unwrap();
    assert!(matches!(take("sdb1", GOOD), Err(UpdateError::Refused(problem)) if problem.code == "unreadable"));
    let waits = AnyaBox::started(Scripted::new(), &kept(pending(None)));
    {
        let mut state = waits.updates.0.state();
        waits.updates.0.moved(&mut state, pending(None), true);
    }
    waits.plug_in("sdb1", &[GOOD]);
    let refused = waits.updates.take_from_medium(&ada(), "sdb1", GOOD);
    assert!(matches!(refused, Err(UpdateError::NotNow(_))));
    assert!(given.memory.actions().is_empty() && !waits.memory.actions().contains(&"update.file"));
}

/// A stick that is pulled out in the middle.
struct PulledOut(u64);

impl Read for PulledOut {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = usize::try_from(self.0).unwrap().min(buffer.len());
        if length == 0 {
            return Err(Errno::EIO.into());
        }
        buffer[..length].fill(7);
        self.0 -= length as u64;
        Ok(length)
    }
}

#[test]
fn a_stick_that_is_pulled_out_in_the_middle_is_told_and_leaves_nothing() {
    let given = AnyaBox::started(Scripted::new(), &Kept::default());
    let mut reader = MediumReader::new(PulledOut(3 << 20), 9 << 20, |_| ());
    let trouble = given.updates.0.take_in(&mut reader, Some(9 << 20), &Cancel::default()).unwrap_err();
    assert_eq!(trouble.code, "broken_off");
    assert!(trouble.text.contains("the stick was pulled out, or it is damaged"), "{}", trouble.text);
    assert!(!given.updates.0.bundle().exists(), "nothing half-made remains");
}

#[test]
fn a_file_for_which_there_is_no_room_is_not_read() {
    let given = AnyaBox::started(Scripted::new(), &Kept::default());
    let mut reader = MediumReader::new(PulledOut(0), 1 << 60, |_| ());
    let trouble = given.updates.0.take_in(&mut reader, Some(1 << 60), &Cancel::default()).unwrap_err();
    assert_eq!(trouble.code, "no_room", "{}", trouble.text);
}

#[test]
fn a_file_that_makes_room_for_another_is_not_offered_any_more() {
    let before = Phase::Ready { version: version("1.1.0") };
    let mut before = kept(before);
    before.offer = Some(super::KeptOffer { source: UpdateSource::File, ..offer(None) });
    let given = AnyaBox::started(Scripted::new(), &before);
    assert!(given.updates.status().offer.is_some());
    given.updates.0.take_in(&mut &b"no bundle"[..], None, &Cancel::default()).unwrap_err();
    assert_eq!((given.updates.status().offer, given.phase()), (None, Phase::Idle));
}
