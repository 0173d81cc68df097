//! The search for accelerators: once after the start, in a child process, as drivers can crash.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use appliance_http::{AcceleratorReport, ProbeState};
use hal_api::{Accelerator, AcceleratorKind, AcceleratorProbe};
use hal_board::ChildProbe;

use crate::console::Console;

/// A driver that has not answered by then hangs.
const BOUND: Duration = Duration::from_secs(30);

/// What the search has found so far.
#[derive(Clone)]
pub(crate) struct Accelerators(Arc<Mutex<AcceleratorReport>>);

impl Default for Accelerators {
    fn default() -> Self {
        let report = AcceleratorReport { items: Vec::new(), state: ProbeState::Probing, detail: None };
        Self(Arc::new(Mutex::new(report)))
    }
}

impl Accelerators {
    /// Starts the search in the background.
    ///
    /// # Errors
    /// When this program cannot be found to start it again as a child.
    pub(crate) fn search(&self, console: Arc<Console>) -> Result<()> {
        let program = std::env::current_exe().context("cannot find this program's file")?;
        let probe = ChildProbe::new(program, ["probe-accelerators"], BOUND);
        let told = self.clone();
        tokio::task::spawn_blocking(move || told.settle(probe.accelerators(), &console));
        Ok(())
    }

    /// What is known now.
    pub(crate) fn report(&self) -> AcceleratorReport {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn settle(&self, found: hal_api::HalResult<Vec<Accelerator>>, console: &Console) {
        let report = match found {
            Ok(items) => {
                console.line("Graphics", &line(&items));
                AcceleratorReport { items, state: ProbeState::Ready, detail: None }
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "cannot list accelerators");
                let detail = Some(format!("{error}; models run on the processor"));
                AcceleratorReport { items: Vec::new(), state: ProbeState::Failed, detail }
            }
        };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = report;
    }
}

/// The devices in one line for people.
fn line(items: &[Accelerator]) -> String {
    if items.is_empty() {
        return "none found".into();
    }
    let name = |device: &Accelerator| match device.kind {
        AcceleratorKind::Software => format!("{} (software, no graphics card)", device.name),
        _ => device.name.clone(),
    };
    items.iter().map(name).collect::<Vec<_>>().join(", ")
}
