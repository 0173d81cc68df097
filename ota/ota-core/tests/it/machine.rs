//! A box in memory: two slots, an ESP, systemd-boot, and the service that follows ota-core's rules.
//!
//! What the box does of its own is as short as it can be; all decisions are ota-core's. Whatever happens to
//! it, [`Machine::settle`] lets it start until it stays up, and checks what has to hold then.

mod updates;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use ota_core::digest::RootHash;
use ota_core::fingerprint::Fingerprint;
use ota_core::life::{Event as Step, Phase, StartFacts};
use ota_core::signers::{Signer, SignerList, Signers};
use ota_core::simulation::{MemoryFolder, systemd_boot, systemd_boot_cut};
use ota_core::slots::entry::{EntryName, RESCUE};
use ota_core::slots::gate::{Gate, GateFacts, GatePolicy, gate};
use ota_core::slots::{BootLoader, LoaderError, Marked, Slot, SlotFacts, Slots, Start, System, SystemdBoot};
use ota_core::trust::{Known, SetAside};
use ota_core::version::Version;
use uuid::Uuid;

pub(crate) use updates::Stopped;

/// How a version behaves when it is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behaviour {
    /// It gets healthy.
    Sound,
    /// It starts and never gets healthy; its service says so.
    Sick,
    /// It starts, and its service does not answer.
    Mute,
    /// It panics, hangs until the watchdog bites, or its kernel image is not let in by the firmware.
    Dead,
}

/// A slot's partitions.
#[derive(Clone, Debug)]
struct Partitions {
    facts: SlotFacts,
    verity_label: String,
    /// What is in them; `None` when it is not whole.
    root: Option<RootHash>,
    verity: Option<RootHash>,
    damaged: bool,
}

/// Where the box has ended up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Up {
    /// A version runs.
    Running { version: Version, good: bool },
    /// The rescue system says that nothing can be started.
    Rescue,
}

#[derive(Debug)]
pub(crate) struct Machine {
    esp: MemoryFolder,
    disk: [Partitions; 2],
    behaviour: BTreeMap<Version, Behaviour>,
    epochs: BTreeMap<Version, u64>,
    /// The versions that were good here.
    established: BTreeSet<Version>,
    pub(crate) known: Known,
    pub(crate) phase: Phase,
    pub(crate) up: Up,
    /// Starts that the power cut short since a version was marked good.
    cuts: u32,
    released: u32,
}

pub(crate) fn version(minor: u32) -> Version {
    format!("1.{minor}.0").parse().unwrap()
}

fn root_hash(version: &Version) -> RootHash {
    let minor: u8 = version.to_string().split('.').nth(1).unwrap().parse().unwrap();
    hex::encode([minor + 1; 32]).parse().unwrap()
}

/// The kernel image of a version; its first half is what stands for its digest.
fn kernel(version: &Version) -> Vec<u8> {
    let hash = root_hash(version).0.0;
    [hash, hash].concat()
}

fn time(seconds: u32) -> Timestamp {
    "2026-11-21T00:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(seconds.into())
}

fn key() -> Fingerprint {
    "a".repeat(40).parse().unwrap()
}

fn signers() -> Signers {
    let signers = vec![Signer { name: "Alice".into(), certificate: "…".into() }];
    let list = SignerList { version: 1, expires: time(1_000_000), threshold: 1, signers };
    list.with_fingerprints(&[key()]).unwrap()
}

impl Machine {
    /// A box as it comes: 1.0.0 in slot A, nothing in B.
    pub(crate) fn new() -> Self {
        let first = version(0);
        let hash = root_hash(&first);
        let slot = |hash: Option<RootHash>, label: &str| Partitions {
            facts: SlotFacts {
                root_uuid: hash.map_or(Uuid::nil(), |hash| hash.root_uuid()),
                verity_uuid: hash.map_or(Uuid::nil(), |hash| hash.verity_uuid()),
                label: label.to_owned(),
            },
            verity_label: label.to_owned(),
            root: hash,
            verity: hash,
            damaged: false,
        };
        let entry = EntryName::fresh(&first).to_string();
        let mut machine = Self {
            esp: MemoryFolder::with([
                (entry.as_str(), &kernel(&first)),
                (EntryName::spare(&first).as_str(), &kernel(&first)),
                (RESCUE, b"rescue"),
            ]),
            disk: [slot(Some(hash), &Slots::label(&first)), slot(None, Slots::EMPTY)],
            behaviour: [(first.clone(), Behaviour::Sound)].into(),
            epochs: [(first, 1)].into(),
            established: BTreeSet::new(),
            known: Known { highest_epoch: 1, ..Known::default() },
            phase: Phase::Idle,
            up: Up::Rescue,
            cuts: 0,
            released: 0,
        };
        machine.settle();
        machine
    }

    pub(crate) fn running(&self) -> Option<&Version> {
        match &self.up {
            Up::Running { version, .. } => Some(version),
            Up::Rescue => None,
        }
    }

    fn loader(&mut self) -> SystemdBoot<&mut MemoryFolder> {
        SystemdBoot::new(&mut self.esp)
    }

    fn slots(&self, running: &Version) -> Slots {
        let facts = [self.disk[0].facts.clone(), self.disk[1].facts.clone()];
        Slots::identify(&root_hash(running), running, &facts).expect("the slot that runs is known")
    }

    /// Whether this version's root can be started from one of the slots.
    fn whole(&self, version: &Version) -> bool {
        let hash = root_hash(version);
        self.disk.iter().any(|slot| {
            slot.facts.root_uuid == hash.root_uuid()
                && slot.facts.verity_uuid == hash.verity_uuid()
                && slot.root == Some(hash)
                && slot.verity == Some(hash)
                && !slot.damaged
        })
    }

    fn starts(&self, version: &Version) -> bool {
        self.whole(version) && self.behaviour[version] != Behaviour::Dead
    }

    /// It starts until it stays up.
    ///
    /// Entries that a torn rename has lost are put back on the way, by the rescue system or by what runs.
    pub(crate) fn settle(&mut self) {
        let mut starts: BTreeMap<Version, u32> = BTreeMap::new();
        let mut last_chances = 0;
        self.up = 'up: {
            for _ in 0..20 {
                let (entry, content) = systemd_boot(&mut self.esp).expect("there is something to start");
                if entry.file == RESCUE {
                    let put_back = self.rescue().unwrap();
                    if put_back.is_empty() && self.loader().last_chance().unwrap().is_empty() {
                        break 'up Up::Rescue;
                    }
                    last_chances += 1;
                    continue;
                }
                let version = EntryName::parse(&entry.file).unwrap().version;
                assert_eq!(content, kernel(&version), "the loader sees whole kernel images only");
                let count = starts.entry(version.clone()).or_default();
                *count += 1;
                assert!(*count <= 3 + last_chances, "{version} is started {count} times");
                if let Some(good) = self.gate(&version) {
                    break 'up Up::Running { version, good };
                }
            }
            panic!("it starts for ever: {starts:?}");
        };
        self.after_start();
        self.check();
    }

    /// What a version does when it is started: whether it stays up, and is good.
    fn gate(&mut self, version: &Version) -> Option<bool> {
        if !self.starts(version) {
            return None;
        }
        self.clear_up(version).unwrap();
        let slots = self.slots(version);
        let running = slots.running().clone();
        let other = slots.other();
        let loader = self.loader();
        let facts = GateFacts {
            up_for: Duration::from_secs(3600),
            running: loader.start_of(&running).unwrap(),
            other: other.map_or(Start::Never, |other| loader.start_of(&other).unwrap()),
            healthy_for: (self.behaviour[version] == Behaviour::Sound).then_some(Duration::from_secs(3600)),
            answers: self.behaviour[version] != Behaviour::Mute,
            on_trial: !self.established.contains(version),
        };
        match gate(&GatePolicy::default(), &facts) {
            Gate::Wait => panic!("an hour is enough"),
            Gate::Restart => None,
            Gate::MarkGood => {
                let marked = self.loader().mark_good(&running).unwrap();
                assert!(matches!(marked, Marked::Fully), "{marked:?}");
                self.established.insert(version.clone());
                self.cuts = 0;
                Some(true)
            }
            Gate::StayUpDegraded { keep } => {
                if keep {
                    self.loader().keep(&running).unwrap();
                }
                Some(false)
            }
        }
    }

    /// What the rescue system does first: the file system is checked, and what is lost put back.
    fn rescue(&mut self) -> Result<Vec<Version>, LoaderError> {
        self.esp.repair();
        self.loader().clear_up(None)
    }

    /// What a version does first when it runs.
    fn clear_up(&mut self, running: &Version) -> Result<(), LoaderError> {
        self.esp.repair();
        let put_back = self.loader().clear_up(Some(running))?;
        assert!(!put_back.contains(running), "what runs has its entry");
        Ok(())
    }

    /// The service finds out what became of an update.
    fn after_start(&mut self) {
        let Some(running) = self.running().cloned() else { return };
        let tried = |machine: &mut Self, version: &Version| {
            let system = System { slot: Slot::A, version: version.clone() };
            machine.loader().start_of(&system).unwrap().was_tried()
        };
        let update_was_tried = self.phase.version().cloned().is_some_and(|version| tried(self, &version));
        let facts = StartFacts { running: &running, update_was_tried, cause: None, at: time(0) };
        self.phase = std::mem::take(&mut self.phase).after_start(&facts);
        match self.phase.clone() {
            Phase::Trial { version, .. } if self.established.contains(&version) => {
                self.phase = std::mem::take(&mut self.phase).on(Step::MarkedGood { at: time(0) }).unwrap();
            }
            Phase::RolledBack { version, reason, .. } => {
                self.known.set_aside(version, SetAside::Failed { reason });
                self.phase = Phase::Idle;
            }
            _ => {}
        }
    }

    /// What holds whenever the box has come to rest.
    fn check(&mut self) {
        let entries = self.esp.on_the_medium();
        let known: BTreeSet<Version> =
            entries.keys().filter_map(|file| EntryName::parse(file)).map(|entry| entry.version).collect();
        assert!(!known.is_empty(), "there is always an entry");
        // What never got healthy is as bad as what does not start.
        let works = |version: &&Version| {
            let sound = self.behaviour[*version] == Behaviour::Sound;
            self.starts(version) && (sound || self.established.contains(*version))
        };
        let startable: Vec<&Version> = known.iter().filter(works).collect();
        match &self.up {
            Up::Rescue => {
                assert!(startable.is_empty() || self.cuts >= 4, "{startable:?} was not reached: {entries:?}");
            }
            Up::Running { version, good: false } => {
                let better =
                    |other: &&Version| *other != version && self.behaviour[*other] == Behaviour::Sound;
                let gave_way = !startable.iter().any(better);
                assert!(
                    self.established.contains(version) || gave_way || self.cuts > 0,
                    "{version} did not give way"
                );
            }
            Up::Running { .. } => {}
        }
    }

    /// So many starts are cut short, and then it is let be.
    pub(crate) fn cut_starts(&mut self, count: u32) {
        for _ in 0..count {
            self.cuts += 1;
            if systemd_boot(&mut self.esp).expect("there is something to start").0.file == RESCUE
                && self.rescue().unwrap().is_empty()
            {
                self.loader().last_chance().unwrap();
            }
        }
        self.settle();
    }

    /// The power fails while the firmware counts a start. That both names are left is fatal for a version that dies
    /// before it can clear up (`ota_core::slots`, Limits), so that does not happen to one.
    pub(crate) fn cut_while_counting(&mut self, chance: u64) {
        self.cuts += 1;
        let before = self.esp.clone();
        systemd_boot_cut(&mut self.esp, chance);
        let (old, new) = (before.on_the_medium(), self.esp.on_the_medium());
        let dies = |file: &String| EntryName::parse(file).is_some_and(|entry| !self.starts(&entry.version));
        if new.len() > old.len() && new.keys().filter(|file| !old.contains_key(*file)).any(dies) {
            self.esp = before;
        }
        self.settle();
    }

    /// The power fails while a start marks itself good, or gives out last chances.
    pub(crate) fn cut_while_marking(&mut self, fuse: usize, chance: u64) {
        let (entry, _) = systemd_boot(&mut self.esp).expect("there is something to start");
        self.esp.set_fuse(Some(fuse));
        self.cuts += 1;
        if entry.file == RESCUE {
            let _ = self.rescue().and_then(|_| self.loader().last_chance());
        } else {
            let version = EntryName::parse(&entry.file).unwrap().version;
            if self.starts(&version) && self.behaviour[&version] == Behaviour::Sound {
                let running = self.slots(&version).running().clone();
                let _ = self.clear_up(&version).and_then(|()| self.loader().mark_good(&running));
            }
        }
        self.esp.cut(chance);
        self.settle();
    }

    /// The medium of a slot gets a bad sector.
    pub(crate) fn damage(&mut self, slot: Slot) {
        self.disk[slot as usize].damaged = true;
        self.settle();
    }

    /// What runs behaves otherwise from now on: a token is pulled, or put back.
    pub(crate) fn behave(&mut self, behaviour: Behaviour) {
        let Some(running) = self.running().cloned() else { return };
        self.behaviour.insert(running, behaviour);
        self.settle();
    }

    /// The owner asks the rescue system to try again.
    pub(crate) fn try_all_again(&mut self) {
        if self.up == Up::Rescue {
            self.loader().try_all_again().unwrap();
            self.cuts = 0;
            self.settle();
        }
    }
}
