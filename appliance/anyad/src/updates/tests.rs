//! The updater over a slot keeper that does what a test says. Releases themselves are tested where they are
//! checked and put together (`ota-client`), and all of it on the booted image.

mod media;
mod slow_start;

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use appliance_core::audit::{Actor, AuditEntry, AuditLog, AuditRecord, ChainReport, GENESIS, verify_chain};
use appliance_core::clock::SystemClock;
use appliance_core::event::{DomainEvent, EventSink};
use appliance_core::page::{Page, PageRequest};
use appliance_core::settings::Settings;
use appliance_core::storage::StorageResult;
use appliance_core::update::{
    Automatic, Availability, InstallOrder, RestartTime, UpdateActivity, UpdateError, UpdatePreferences,
    UpdateSettings, UpdateSource, Updates,
};
use jiff::Timestamp;
use ota_client::slot_keeper::protocol::{Believed, GoneBack, Refused, SlotsStatus, code};
use ota_client::slot_keeper::{ReadableSlots, SlotKeeperError};
use ota_client::source::{Cancel, Evidence, Signed};
use ota_core::identifier::Identifier;
use ota_core::life::{Outcome, Phase};
use ota_core::manifest::{Content, Manifest, Part};
use ota_core::slots::{Action, Slot, System};
use ota_core::trust::{Known, Room};

use super::keeper::{Installing, Keeper};
use super::kept::{Kept, KeptOffer};
use super::ports::SlotUpdates;
use super::updater::{Parts, Updater};

fn version(text: &str) -> ota_core::version::Version {
    text.parse().unwrap()
}

/// A slot keeper that says what it is told to, and remembers what it was asked.
#[derive(Clone)]
struct Scripted(Arc<Mutex<Script>>);

struct Script {
    status: SlotsStatus,
    /// It does not tell how the slots are.
    silent: bool,
    refuses: Option<Refused>,
    asked: Vec<&'static str>,
}

impl Scripted {
    fn new() -> Self {
        let status = SlotsStatus {
            board: "qemu-x86_64".parse().unwrap(),
            running: System { slot: Slot::A, version: version("1.0.0") },
            other: None,
            other_starts: false,
            rollback_refused: None,
            built: "2026-10-01T00:00:00Z".parse().unwrap(),
            room: Room { root: 1 << 30, verity: 1 << 23, uki: 1 << 26 },
            known: Known::default(),
            followed: BTreeMap::new(),
            has_signers: true,
            synchronised: true,
            secure_boot: true,
            epoch_in_tpm: true,
            trial: None,
            good: true,
            gone_back: None,
            blocked: None,
        };
        Self(Arc::new(Mutex::new(Script { status, silent: false, refuses: None, asked: Vec::new() })))
    }

    fn with<T>(&self, change: impl FnOnce(&mut Script) -> T) -> T {
        change(&mut self.0.lock().unwrap())
    }

    fn asked(&self) -> Vec<&'static str> {
        self.with(|script| script.asked.clone())
    }

    fn answer(&self, what: &'static str) -> Result<(), SlotKeeperError> {
        self.with(|script| {
            script.asked.push(what);
            script.refuses.clone().map_or(Ok(()), |refused| Err(SlotKeeperError::Refused(refused)))
        })
    }
}

impl Keeper for Scripted {
    fn status(&self) -> Result<SlotsStatus, SlotKeeperError> {
        let answer = |script: &mut Script| (!script.silent).then(|| script.status.clone());
        self.with(answer).ok_or(SlotKeeperError::Ended)
    }

    fn read(&self) -> Result<ReadableSlots, SlotKeeperError> {
        Err(SlotKeeperError::Ended)
    }

    fn believe(&self, _: &Identifier, _: &Evidence) -> Result<Believed, SlotKeeperError> {
        Err(SlotKeeperError::Ended)
    }

    fn install(&self, _: &Identifier, _: &Evidence, _: bool) -> Result<Box<dyn Installing>, SlotKeeperError> {
        self.answer("install")?;
        Ok(Box::new(Nothing))
    }

    fn roll_back(&self) -> Result<(), SlotKeeperError> {
        self.answer("roll back")
    }

    fn restart(&self) -> Result<(), SlotKeeperError> {
        self.answer("restart")
    }

    fn note_time(&self) -> Result<(), SlotKeeperError> {
        Ok(())
    }
}

struct Nothing;

impl Installing for Nothing {
    fn root(&self) -> &File {
        unreachable!("no test comes so far")
    }

    fn verity(&self) -> &File {
        unreachable!("no test comes so far")
    }

    fn finish(self: Box<Self>, _: &File, _: &mut dyn FnMut(Action)) -> Result<(), SlotKeeperError> {
        Ok(())
    }
}

/// What the service has beside it, in memory.
#[derive(Default)]
struct Memory {
    settings: Mutex<BTreeMap<&'static str, String>>,
    audit: Mutex<Vec<AuditEntry>>,
    events: Mutex<Vec<DomainEvent>>,
    told_good: Mutex<usize>,
}

impl Memory {
    fn actions(&self) -> Vec<&'static str> {
        self.audit
            .lock()
            .unwrap()
            .iter()
            .map(|entry| Box::leak(entry.action.clone().into_boxed_str()) as &str)
            .collect()
    }
}

impl Settings for Memory {
    fn read(&self, name: &'static str) -> StorageResult<Option<String>> {
        Ok(self.settings.lock().unwrap().get(name).cloned())
    }

    fn keep(&self, name: &'static str, value: &str) -> StorageResult<()> {
        self.settings.lock().unwrap().insert(name, value.to_owned());
        Ok(())
    }
}

impl AuditLog for Memory {
    fn append(&self, record: AuditRecord) -> StorageResult<AuditEntry> {
        let mut entries = self.audit.lock().unwrap();
        let head = entries.last().map_or(GENESIS, |entry| entry.hash);
        let entry = AuditEntry::chain(record, entries.len() as u64 + 1, head);
        entries.push(entry.clone());
        Ok(entry)
    }

    fn page(&self, _: PageRequest) -> StorageResult<Page<AuditEntry>> {
        Ok(Page { items: self.audit.lock().unwrap().clone(), next_cursor: None })
    }

    fn verify(&self) -> StorageResult<ChainReport> {
        Ok(verify_chain(&*self.audit.lock().unwrap()))
    }
}

impl EventSink for Memory {
    fn publish(&self, event: DomainEvent) {
        self.events.lock().unwrap().push(event);
    }
}

/// A box after a start, with what it kept before.
struct AnyaBox {
    keeper: Scripted,
    memory: Arc<Memory>,
    updates: SlotUpdates,
    folder: tempfile::TempDir,
}

impl AnyaBox {
    fn started(keeper: Scripted, kept: &Kept) -> Self {
        let starting = Self::starting(keeper, kept);
        starting.updates.0.after_start();
        starting
    }

    /// While it is not known yet what has become of an update.
    fn starting(keeper: Scripted, kept: &Kept) -> Self {
        let (memory, folder) = (Arc::new(Memory::default()), tempfile::tempdir().unwrap());
        kept.keep(&*memory).unwrap();
        std::fs::create_dir(folder.path().join("updates")).unwrap();
        let good = Arc::clone(&memory);
        let updater = Updater::new(Parts {
            keeper: Box::new(keeper.clone()),
            settings: memory.clone(),
            audit: memory.clone(),
            events: memory.clone(),
            clock: Arc::new(SystemClock),
            folder: folder.path().join("updates"),
            media: folder.path().join("media"),
            signers: None,
            server: None,
            when_good: Box::new(move || *good.told_good.lock().unwrap() += 1),
            seed: 7,
        });
        let updates = SlotUpdates(Arc::new(updater));
        Self { keeper, memory, updates, folder }
    }

    /// Follows it on a thread, as the service does.
    fn follow(&self) {
        let following = Arc::clone(&self.updates.0);
        std::thread::spawn(move || following.follow());
    }

    fn phase(&self) -> Phase {
        self.updates.status().phase
    }

    fn until(&self, what: &str, met: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while !met(self) {
            assert!(Instant::now() < deadline, "never: {what}; {:?}", self.updates.status());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for AnyaBox {
    fn drop(&mut self) {
        self.updates.stop();
    }
}

/// An offer of version 1.1.0.
fn offer(set_aside: Option<&str>) -> KeptOffer {
    let nothing = Content { size: 7, sha256: "11".repeat(32).parse().unwrap() };
    let part = Part { image: nothing, index: nothing };
    let manifest = Manifest {
        version: version("1.1.0"),
        board: "qemu-x86_64".parse().unwrap(),
        channel: "stable".parse().unwrap(),
        epoch: 2,
        minimum_version: version("1.0.0"),
        signed: "2026-11-01T00:00:00Z".parse().unwrap(),
        expires: "2026-12-20T00:00:00Z".parse().unwrap(),
        signers: 1,
        notes: "Quicker.".to_owned(),
        root_hash: "22".repeat(32).parse().unwrap(),
        root: part,
        verity: part,
        uki: part,
    };
    let document = manifest.to_bytes().unwrap();
    KeptOffer {
        source: UpdateSource::Server,
        channel: "stable".parse().unwrap(),
        evidence: Evidence {
            signer_lists: BTreeMap::new(),
            manifest: Signed { document, signatures: Vec::new() },
        },
        signed_by: vec!["Ada".into(), "Bob".into()],
        set_aside: set_aside.map(str::to_owned),
        download: Some(3),
    }
}

fn kept(phase: Phase) -> Kept {
    Kept { phase, offer: Some(offer(None)), ..Kept::default() }
}

fn pending(at: Option<Timestamp>) -> Phase {
    Phase::RestartPending { version: version("1.1.0"), at }
}

fn ada() -> Actor {
    Actor::system()
}

#[test]
fn a_new_version_is_tried_out_and_found_good() {
    let keeper = Scripted::new();
    keeper.with(|script| {
        script.status.running = System { slot: Slot::B, version: version("1.1.0") };
        (script.status.trial, script.status.good) = (Some(version("1.1.0")), false);
    });
    let after = AnyaBox::started(keeper, &kept(pending(None)));
    assert!(matches!(after.phase(), Phase::Trial { .. }), "{:?}", after.phase());
    assert!(matches!(after.updates.check(&ada()), Err(UpdateError::NotNow(_))), "one thing at a time");
    after.follow();
    after.keeper.with(|script| (script.status.trial, script.status.good) = (None, true));
    after.until("good", |after| matches!(after.phase(), Phase::Good { .. }));
    after.until("told", |after| *after.memory.told_good.lock().unwrap() == 1);
    let status = after.updates.status();
    assert_eq!((status.offer, status.history[0].outcome), (None, Outcome::Installed));
    assert!(after.memory.actions().contains(&"update.installed"));
}

#[test]
fn who_asks_while_the_box_starts_is_told_what_has_become_of_an_update_not_what_was_kept() {
    let keeper = Scripted::new();
    keeper.with(|script| script.status.running = System { slot: Slot::B, version: version("1.1.0") });
    let starting = AnyaBox::starting(keeper, &kept(pending(None)));
    let updates = starting.updates.clone();
    let (answers, answer) = std::sync::mpsc::channel();
    let asking = std::thread::spawn(move || answers.send(updates.status().phase));
    assert!(answer.recv_timeout(Duration::from_millis(50)).is_err(), "it waits");
    starting.updates.0.after_start();
    assert!(!matches!(answer.recv().unwrap(), Phase::RestartPending { .. }));
    asking.join().unwrap().unwrap();
}

#[test]
fn a_version_that_did_not_work_is_told_once_with_its_reason() {
    let keeper = Scripted::new();
    let gone_back = GoneBack { version: version("1.1.0"), reason: "It never answered.".into() };
    keeper.with(|script| script.status.gone_back = Some(gone_back));
    let after = AnyaBox::started(keeper.clone(), &kept(pending(None)));
    let expected = Phase::RolledBack {
        version: version("1.1.0"),
        to: version("1.0.0"),
        reason: "It never answered.".into(),
    };
    assert_eq!(after.phase(), expected);
    assert_eq!(after.memory.actions(), ["update.rolled_back"]);
    // The service starts again, the box does not.
    let kept_now = Kept::read(&*after.memory);
    let again = AnyaBox::started(keeper, &kept_now);
    assert_eq!((again.phase(), again.updates.status().history.len()), (expected, 1));
    assert_eq!(again.memory.actions(), [""; 0]);
}

#[test]
fn the_box_restarts_when_it_is_time_and_not_before() {
    let hour = RestartTime::Manual;
    let after = AnyaBox::started(Scripted::new(), &Kept::default());
    after
        .updates
        .change_settings(&ada(), UpdateSettings { restart: hour, ..UpdateSettings::default() })
        .unwrap();
    {
        let mut state = after.updates.0.state();
        state.kept.offer = Some(offer(None));
        after.updates.0.moved(&mut state, pending(None), true);
    }
    after.follow();
    let now = UpdateSettings { restart: RestartTime::Now, ..UpdateSettings::default() };
    assert_eq!(after.keeper.asked(), [""; 0], "the owner says when");
    after.updates.change_settings(&ada(), now).unwrap();
    after.until("the restart", |after| after.keeper.asked() == ["restart"]);
    assert_eq!(after.memory.actions(), ["update.settings", "update.settings", "update.restart"]);
}

#[test]
fn what_cannot_be_installed_now_is_said_and_nothing_is_asked_of_the_keeper() {
    let order = |text: &str, insist| InstallOrder { version: version(text), insist };
    let refused = |given: &AnyaBox, order: &InstallOrder| match given.updates.install(&ada(), order) {
        Err(UpdateError::NotNow(text)) => text,
        other => panic!("{other:?}"),
    };
    let none = AnyaBox::started(Scripted::new(), &Kept::default());
    assert!(refused(&none, &order("1.1.0", false)).contains("no update to install"));
    let offered = AnyaBox::started(Scripted::new(), &kept(Phase::Available { version: version("1.1.0") }));
    assert_eq!(refused(&offered, &order("1.2.0", true)), "Version 1.1.0 is offered, not 1.2.0.");
    let failed = Kept { offer: Some(offer(Some("It failed."))), ..Kept::default() };
    let failed = AnyaBox::started(Scripted::new(), &failed);
    assert!(refused(&failed, &order("1.1.0", false)).starts_with("It failed."));
    assert_eq!(failed.updates.status().offer.unwrap().set_aside.as_deref(), Some("It failed."));
    for given in [&none, &offered, &failed] {
        assert_eq!((given.keeper.asked().len(), given.memory.actions().len()), (0, 0));
    }
}

#[test]
fn who_wants_what_is_offered_need_not_wait_until_it_is_measured() {
    let given = AnyaBox::started(Scripted::new(), &kept(Phase::Available { version: version("1.1.0") }));
    let begin = |activity| given.updates.0.begin(activity).unwrap();
    let measuring = begin(UpdateActivity::Measuring);
    assert_eq!(given.updates.status().activity, Some(UpdateActivity::Measuring));
    let measured = std::thread::spawn(move || {
        while measuring.cancel.check().is_ok() {
            std::thread::yield_now();
        }
    });
    given.updates.install(&ada(), &InstallOrder { version: version("1.1.0"), insist: false }).unwrap();
    measured.join().unwrap();
    given.until("the end", |given| given.updates.status().activity.is_none());

    // All else is finished first.
    let downloading = begin(UpdateActivity::Downloading);
    let Err(UpdateError::Busy(told)) = given.updates.check(&ada()) else { panic!("two things at a time") };
    assert_eq!(told, "An update is being downloaded.");
    assert!(downloading.cancel.check().is_ok());
    assert_eq!(given.memory.actions(), ["update.install"]);
}

#[test]
fn a_look_without_a_server_says_what_to_do() {
    let given = AnyaBox::started(Scripted::new(), &Kept::default());
    given.updates.check(&ada()).unwrap();
    given.until("the end", |given| given.updates.status().last_check.is_some());
    let problem = given.updates.status().last_check.unwrap().problem.unwrap();
    assert_eq!(problem.code, "no_server");
    assert!(problem.text.contains("install an update from a file"));
    given.until("idle", |given| given.phase() == Phase::Idle);
}

#[test]
fn a_look_that_was_stopped_does_not_read_as_if_there_were_nothing_new() {
    let given = AnyaBox::started(Scripted::new(), &Kept::default());
    let ended = Cancel::default();
    ended.cancel();
    assert!(given.updates.0.look(&ended).unwrap_err().was_stopped());
    let status = given.updates.status();
    assert_eq!(status.last_check.unwrap().problem.unwrap().code, "stopped");
    assert_eq!((status.problem, given.phase()), (None, Phase::Idle));
}

#[test]
fn settings_are_checked_before_they_are_kept() {
    let given = AnyaBox::started(Scripted::new(), &Kept::default());
    let wrong = UpdateSettings { server: Some("ftp://example.org".into()), ..UpdateSettings::default() };
    let Err(UpdateError::Invalid(invalid)) = given.updates.change_settings(&ada(), wrong) else {
        panic!("it was kept")
    };
    assert_eq!(invalid.field, "server");
    let right = UpdateSettings { automatic: Automatic::Off, ..UpdateSettings::default() };
    given.updates.change_settings(&ada(), right.clone()).unwrap();
    assert_eq!(given.updates.settings(), right);
    assert_eq!(given.memory.actions(), ["update.settings"]);
}

#[test]
fn going_back_is_the_keepers_word_and_a_file_that_is_none_leaves_nothing() {
    let keeper = Scripted::new();
    keeper.with(|script| {
        script.status.other = Some(System { slot: Slot::B, version: version("0.9.0") });
        let text = "It is not safe any more.".to_owned();
        script.refuses = Some(Refused { code: "rollback_older_epoch".into(), text });
    });
    let given = AnyaBox::started(keeper, &Kept::default());
    let Err(UpdateError::Refused(problem)) = given.updates.roll_back(&ada()) else { panic!("it went back") };
    assert_eq!(problem.code, "rollback_older_epoch");
    given.keeper.with(|script| script.refuses = None);
    given.updates.roll_back(&ada()).unwrap();
    assert_eq!(given.keeper.asked(), ["roll back", "roll back", "restart"]);
    assert_eq!(given.updates.status().history[0].outcome, Outcome::TakenBack);

    let Err(UpdateError::Refused(problem)) = given.updates.take_file(&ada(), &mut &b"no bundle"[..]) else {
        panic!("it was taken")
    };
    assert!(!problem.text.is_empty());
    assert!(!given.updates.0.bundle().exists(), "nothing half-made remains");
}

#[test]
fn a_closed_data_partition_is_told() {
    let keeper = Scripted::new();
    keeper.with(|script| script.status.blocked = Some("The data partition is closed.".into()));
    let given = AnyaBox::started(keeper.clone(), &Kept::default());
    let reason = "The data partition is closed.".to_owned();
    assert_eq!(given.updates.status().availability, Availability::Blocked { reason });
    let busy = Refused { code: code::BUSY.into(), text: "Something else is being done.".into() };
    keeper.with(|script| script.refuses = Some(busy));
    assert!(matches!(given.updates.restart(&ada()), Err(UpdateError::Refused(_))));
}
