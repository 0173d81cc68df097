//! Both models with their real weights. `ANYA_TEST_MODELS` names the folder that has them; without it
//! `dev-tools/fetch/models` is asked for it (and fetches them where they are missing).
#![expect(clippy::unwrap_used, reason = "tests")]

mod chat;
mod chat_queue;
mod damage;
mod embedding;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, LazyLock, Mutex};

use appliance_core::event::{DomainEvent, EventSink};
use appliance_core::inference::ModelState;

/// The folder with both models.
static MODELS: LazyLock<PathBuf> = LazyLock::new(|| {
    if let Some(folder) = std::env::var_os("ANYA_TEST_MODELS") {
        return folder.into();
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dev-tools/fetch/models");
    let output = Command::new(script).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().into()
});

/// Remembers the states that were told.
#[derive(Default)]
struct Recorder(Mutex<Vec<ModelState>>);

impl Recorder {
    fn states(&self) -> Vec<ModelState> {
        self.0.lock().unwrap().clone()
    }
}

impl EventSink for Recorder {
    fn publish(&self, event: DomainEvent) {
        if let DomainEvent::ModelChanged { model } = event {
            self.0.lock().unwrap().push(model.state);
        }
    }
}

fn recorder() -> Arc<Recorder> {
    Arc::default()
}
