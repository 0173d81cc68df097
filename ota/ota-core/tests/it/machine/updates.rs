//! How the box takes updates and goes back.

use std::io;

use ota_core::life::{Event as Step, Phase};
use ota_core::manifest::{Content, Manifest, Part};
use ota_core::slots::rollback;
use ota_core::slots::{Action, BootLoader, Installation, LoaderError, Slot, Slots};
use ota_core::trust::{BoardFacts, Case, Finding, Offer, Refusal, Room, SetAside, Signature, Verdict, judge};
use ota_core::version::Version;

use super::{Behaviour, Machine, kernel, key, root_hash, signers, time, version};

/// Why an installation did not come to its end.
#[derive(Debug)]
pub(crate) enum Stopped {
    Refused(Refusal),
    /// It is set aside, and the owner did not insist.
    NotByItself,
    PowerCut,
}

impl Machine {
    /// A new version that behaves like this.
    pub(crate) fn release(&mut self, behaviour: Behaviour, epoch: u64) -> Version {
        let released = version(u32::try_from(self.behaviour.len()).unwrap());
        self.behaviour.insert(released.clone(), behaviour);
        self.epochs.insert(released.clone(), epoch);
        released
    }

    pub(crate) fn newest(&self) -> Version {
        self.behaviour.keys().next_back().unwrap().clone()
    }

    /// Asks for a version, and remembers what follows from it.
    pub(crate) fn offered(&mut self, release: &Version) -> Result<Option<Offer>, Refusal> {
        let running = self.running().expect("the service runs").clone();
        self.released += 1;
        let content = Content { size: 64, sha256: root_hash(release).0 };
        let part = Part { image: content, index: content };
        let manifest = Manifest {
            version: release.clone(),
            board: "qemu-x86_64".parse().unwrap(),
            channel: "stable".parse().unwrap(),
            epoch: self.epochs[release],
            minimum_version: version(0),
            signed: time(self.released),
            expires: time(1_000_000),
            signers: 1,
            notes: String::new(),
            root_hash: root_hash(release),
            root: part,
            verity: part,
            uki: part,
        };
        let board = BoardFacts {
            board: manifest.board.clone(),
            channel: manifest.channel.clone(),
            installed: running,
            built: time(0),
            room: Room { root: 64, verity: 64, uki: 64 },
        };
        let case = Case {
            manifest: &manifest,
            signatures: &[Signature { signer: Some(key()), key: key(), finding: Finding::Good }],
            signers: Some(&signers()),
            known: &self.known,
            system_time: time(self.released),
            synchronised: true,
            board: &board,
        };
        let judgement = judge(&case)?;
        assert!(judgement.known.highest_epoch >= self.known.highest_epoch, "the epoch never goes back");
        self.known = judgement.known;
        Ok(match judgement.verdict {
            Verdict::NothingNew => None,
            Verdict::Offer(offer) => Some(offer),
        })
    }

    /// Installs a version, while the power may fail, and restarts.
    pub(crate) fn install(
        &mut self,
        release: &Version,
        insist: bool,
        fuse: Option<usize>,
        chance: u64,
    ) -> Result<(), Stopped> {
        let Some(offer) = self.offered(release).map_err(Stopped::Refused)? else { return Ok(()) };
        if offer.set_aside.is_some() && !insist {
            return Err(Stopped::NotByItself);
        }
        let slots = self.slots(self.running().expect("the service runs"));
        self.phase = Phase::Ready { version: release.clone() };
        self.esp.set_fuse(fuse);
        let written = self.write(&slots, release, chance);
        self.esp.cut(chance.rotate_left(17));
        self.settle();
        written.map_err(|_| Stopped::PowerCut)
    }

    fn write(&mut self, slots: &Slots, release: &Version, chance: u64) -> Result<(), LoaderError> {
        let mut installation = Installation::begin(slots, release).unwrap();
        let (running, target) = (installation.running().clone(), installation.target().clone());
        let content = Content { size: 64, sha256: root_hash(release).0 };
        while let Some(action) = installation.next() {
            self.phase = std::mem::take(&mut self.phase).on(Step::Step { step: action }).unwrap();
            match action {
                Action::Forget => self.loader().forget_all_but(&running)?,
                Action::StageKernel => {
                    self.loader().stage(&target, &mut kernel(release).as_slice(), &content)?;
                }
                Action::Arm => {
                    self.loader().arm(&target)?;
                }
                Action::Restart => {
                    let armed = Step::Armed { restart_at: None };
                    self.phase = std::mem::take(&mut self.phase).on(armed).unwrap();
                }
                on_disk => {
                    assert_ne!(target.slot, running.slot, "what runs is never written");
                    let cut = self.esp.spend();
                    self.write_partitions(target.slot, release, on_disk, cut.is_err().then_some(chance));
                    cut.map_err(LoaderError::Sync)?;
                }
            }
            installation.done(action).unwrap();
        }
        Ok(())
    }

    /// An action on the partitions; when it is cut, `chance` tells what of it happened.
    fn write_partitions(&mut self, slot: Slot, release: &Version, action: Action, cut: Option<u64>) {
        let slot = &mut self.disk[slot as usize];
        let hash = root_hash(release);
        let happens = |bit: u64| cut.is_none_or(|chance| chance >> bit & 1 == 1);
        match action {
            Action::LabelEmpty => {
                if happens(0) {
                    slot.facts.label = Slots::EMPTY.to_owned();
                }
                if happens(1) {
                    slot.verity_label = Slots::EMPTY.to_owned();
                }
            }
            Action::WriteRoot => {
                slot.root = cut.is_none().then_some(hash);
                slot.damaged = false;
            }
            Action::WriteVerity => slot.verity = cut.is_none().then_some(hash),
            Action::SetIdentity => {
                if happens(0) {
                    slot.facts.root_uuid = hash.root_uuid();
                }
                if happens(1) {
                    slot.facts.verity_uuid = hash.verity_uuid();
                }
                if happens(2) {
                    slot.facts.label = Slots::label(release);
                }
                if happens(3) {
                    slot.verity_label = Slots::label(release);
                }
            }
            _ => {}
        }
    }

    /// The owner goes back, while the power may fail. Whether it was allowed, and done.
    pub(crate) fn roll_back(
        &mut self,
        fuse: Option<usize>,
        chance: u64,
    ) -> Option<Result<Version, io::Error>> {
        let running = self.running()?.clone();
        let slots = self.slots(&running);
        let other = slots.other()?;
        let start = self.loader().start_of(&other).unwrap();
        let before = self.esp.on_the_medium();
        let epoch = self.epochs[&other.version];
        let Ok(other) = rollback::allow(&slots, start, epoch, self.known.highest_epoch) else {
            assert_eq!(self.esp.on_the_medium(), before);
            return None;
        };
        assert!(epoch >= self.known.highest_epoch, "the epoch never goes back");
        self.known.set_aside(running, SetAside::RolledBack);
        self.known.take_up(&other.version);
        self.phase = Phase::Idle;
        self.esp.set_fuse(fuse);
        let preferred = self.loader().prefer(&other, slots.running());
        self.esp.cut(chance);
        self.settle();
        Some(preferred.map(|_| other.version).map_err(io::Error::other))
    }
}
