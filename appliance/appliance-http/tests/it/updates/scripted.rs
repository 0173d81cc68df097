//! Updates that are as a test says, and keep what they were told.

use std::io::Read;
use std::sync::Mutex;

use appliance_core::audit::Actor;
use appliance_core::update::{
    Availability, InstallOrder, InvalidSettings, LastCheck, Media, MediumFile, Offer, Previous, Taking,
    UpdateActivity, UpdateError, UpdateMedia, UpdatePreferences, UpdateSettings, UpdateSource, UpdateStatus,
    Updates,
};
use ota_core::life::{Entry, Outcome, Phase};

pub(crate) struct ScriptedUpdates {
    status: Mutex<UpdateStatus>,
    media: Mutex<Media>,
    settings: Mutex<UpdateSettings>,
    orders: Mutex<Vec<String>>,
    failure: Mutex<Option<UpdateError>>,
    /// How much of a file is read before it is refused; all of it without.
    enough: Mutex<Option<u64>>,
}

impl Default for ScriptedUpdates {
    /// As on a developer's machine.
    fn default() -> Self {
        let status = UpdateStatus {
            availability: Availability::Unsupported,
            running: "1.2.0".parse().unwrap(),
            board: None,
            good: false,
            activity: None,
            phase: Phase::Idle,
            problem: None,
            offer: None,
            last_check: None,
            next_check: None,
            previous: None,
            history: Vec::new(),
        };
        Self {
            status: Mutex::new(status),
            media: Mutex::default(),
            settings: Mutex::default(),
            orders: Mutex::default(),
            failure: Mutex::default(),
            enough: Mutex::default(),
        }
    }
}

impl ScriptedUpdates {
    /// As in an image, with something to install.
    pub(crate) fn offering() -> Self {
        let updates = Self::default();
        let version = || "1.3.0".parse().unwrap();
        let time = |time: &str| time.parse().unwrap();
        let offer = Offer {
            version: version(),
            source: UpdateSource::Server,
            notes: "Faster.\n<b>Safer.</b>".into(),
            signed_by: vec!["Ada".into(), "Grace".into()],
            signed: time("2026-11-20T00:00:00Z"),
            expires: time("2027-11-20T00:00:00Z"),
            epoch: 2,
            size: 700_000_000,
            download: Some(31_000_000),
            set_aside: None,
        };
        let installed = Entry {
            version: "1.2.0".parse().unwrap(),
            at: time("2026-11-01T03:00:00Z"),
            outcome: Outcome::Installed,
            reason: String::new(),
        };
        updates.change(|status| {
            *status = UpdateStatus {
                availability: Availability::Ready,
                board: Some("generic-x86_64".parse().unwrap()),
                good: true,
                activity: Some(UpdateActivity::Measuring),
                phase: Phase::Available { version: version() },
                offer: Some(offer),
                last_check: Some(LastCheck { at: time("2026-11-21T09:00:00Z"), problem: None }),
                next_check: Some(time("2026-11-21T21:00:00Z")),
                previous: Some(Previous { version: "1.1.0".parse().unwrap(), refused: None }),
                history: vec![installed],
                ..status.clone()
            }
        });
        updates
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut UpdateStatus)) {
        change(&mut self.status.lock().unwrap());
    }

    /// A medium with these files is plugged in.
    pub(crate) fn plug_in(&self, names: &[&str], taking: Option<Taking>) -> Media {
        let file = |name: &&str| MediumFile {
            medium: "sdb1".into(),
            name: name.parse().unwrap(),
            size: 700_000_000,
        };
        let files: Vec<_> = names.iter().map(file).collect();
        let status = self.status();
        let media = Media::of(&files, &status.running, &status.board.unwrap(), taking);
        *self.media.lock().unwrap() = media.clone();
        media
    }

    /// The next order fails so.
    pub(crate) fn fail(&self, error: UpdateError) {
        *self.failure.lock().unwrap() = Some(error);
    }

    /// A file is refused after so many bytes.
    pub(crate) fn refuse_after(&self, bytes: u64, error: UpdateError) {
        *self.enough.lock().unwrap() = Some(bytes);
        self.fail(error);
    }

    pub(crate) fn orders(&self) -> Vec<String> {
        self.orders.lock().unwrap().clone()
    }

    fn order(&self, actor: &Actor, what: &str) -> Result<(), UpdateError> {
        if let Some(error) = self.failure.lock().unwrap().take() {
            return Err(error);
        }
        self.orders.lock().unwrap().push(format!("{what} by {}", actor.username()));
        Ok(())
    }
}

impl Updates for ScriptedUpdates {
    fn status(&self) -> UpdateStatus {
        self.status.lock().unwrap().clone()
    }

    fn check(&self, actor: &Actor) -> Result<(), UpdateError> {
        self.order(actor, "check")
    }

    fn download(&self, actor: &Actor) -> Result<(), UpdateError> {
        self.order(actor, "download")
    }

    fn install(&self, actor: &Actor, order: &InstallOrder) -> Result<(), UpdateError> {
        let insist = if order.insist { " all the same" } else { "" };
        self.order(actor, &format!("install {}{insist}", order.version))
    }

    fn cancel(&self, actor: &Actor) -> Result<(), UpdateError> {
        self.order(actor, "cancel")
    }

    fn restart(&self, actor: &Actor) -> Result<(), UpdateError> {
        self.order(actor, "restart")
    }

    fn roll_back(&self, actor: &Actor) -> Result<(), UpdateError> {
        self.order(actor, "roll back")
    }

    fn take_file(&self, actor: &Actor, file: &mut dyn Read) -> Result<(), UpdateError> {
        let enough = self.enough.lock().unwrap().unwrap_or(u64::MAX);
        let read = std::io::copy(&mut file.take(enough), &mut std::io::sink());
        let read = read.map_err(|error| {
            self.orders.lock().unwrap().push("a file that broke off".into());
            UpdateError::Failed { operation: "read the file", source: error.into() }
        })?;
        self.order(actor, &format!("file of {read} bytes"))
    }
}

impl UpdateMedia for ScriptedUpdates {
    fn media(&self) -> Media {
        self.media.lock().unwrap().clone()
    }

    fn take_from_medium(&self, actor: &Actor, medium: &str, file: &str) -> Result<(), UpdateError> {
        self.order(actor, &format!("take {file} from {medium}"))
    }
}

impl UpdatePreferences for ScriptedUpdates {
    fn settings(&self) -> UpdateSettings {
        self.settings.lock().unwrap().clone()
    }

    fn change_settings(&self, _: &Actor, settings: UpdateSettings) -> Result<(), UpdateError> {
        if settings.server.as_ref().is_some_and(|server| !server.starts_with("https://")) {
            let problem = "has to begin with https://".into();
            return Err(InvalidSettings { field: "server", problem }.into());
        }
        *self.settings.lock().unwrap() = settings;
        Ok(())
    }
}
