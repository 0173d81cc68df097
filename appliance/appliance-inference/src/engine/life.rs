//! Where a model is in its life, and who hears of it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use appliance_core::event::{DomainEvent, EventSink};
use appliance_core::inference::{ModelInfo, ModelState};

use super::LoadError;

/// Length and time of change of each file; `None` when one is missing.
type Fingerprint = Option<Vec<(u64, Option<SystemTime>)>>;

/// The state of one model.
pub(super) struct Life {
    now: Mutex<Now>,
    folder: PathBuf,
    files: &'static [&'static str],
    events: Arc<dyn EventSink>,
}

struct Now {
    info: ModelInfo,
    /// The files as they were when they failed to load.
    failed: Option<Fingerprint>,
}

impl Life {
    pub(super) fn new(
        info: ModelInfo,
        folder: PathBuf,
        files: &'static [&'static str],
        events: Arc<dyn EventSink>,
    ) -> Self {
        Self { now: Mutex::new(Now { info, failed: None }), folder, files, events }
    }

    /// Where the files are.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The model now. Until it is loaded, its files are looked at each time: they may have come, gone
    /// or been replaced.
    pub(super) fn info(&self) -> ModelInfo {
        let mut now = self.lock();
        if !matches!(now.info.state, ModelState::Loading | ModelState::Ready) {
            let files = self.fingerprint();
            if now.failed.as_ref() != Some(&files) {
                now.failed = None;
                now.info.state = if files.is_some() { ModelState::OnDisk } else { ModelState::Absent };
            }
            now.info.size_bytes = files.iter().flatten().map(|(length, _)| length).sum();
        }
        now.info.clone()
    }

    pub(super) fn loading(&self) {
        self.change(|now| now.info.state = ModelState::Loading);
    }

    pub(super) fn ready(&self, info: ModelInfo) {
        self.change(|now| now.info = ModelInfo { state: ModelState::Ready, ..info });
    }

    pub(super) fn failed(&self, error: &LoadError) {
        tracing::error!(folder = %self.folder.display(), %error, "a model could not be loaded");
        let files = self.fingerprint();
        self.change(|now| {
            now.failed = Some(files);
            now.info.state = ModelState::Failed { reason: error.to_string() };
        });
    }

    fn change(&self, how: impl FnOnce(&mut Now)) {
        let model = {
            let mut now = self.lock();
            how(&mut now);
            now.info.clone()
        };
        tracing::info!(model = %model.id, state = ?model.state, "model");
        self.events.publish(DomainEvent::ModelChanged { model });
    }

    fn fingerprint(&self) -> Fingerprint {
        let look = |name: &&str| {
            let file = std::fs::metadata(self.folder.join(name)).ok().filter(|file| file.is_file())?;
            Some((file.len(), file.modified().ok()))
        };
        self.files.iter().map(look).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Now> {
        // Nothing panics while it is held, and each change is a single assignment.
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
