//! The console: the one place where the claim code is shown, for who stands in front of the box.
//!
//! # Design
//!
//! The console is one [`Screen`] on any number of devices. The machine's own screen (`/dev/tty1`) is
//! drawn anew whenever something changes. A serial line, a file and standard output get the screen once
//! and after that a line for each change, without escape codes. Each device has a thread (`device`), so
//! that nothing here blocks. What is told before the first screen comes after it.
//!
//! # Limits
//!
//! The screen is 80 columns by 25 rows, the size that every text console has.

mod device;
mod screen;

use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

pub(crate) use screen::{Field, Screen};

use appliance_core::health::{Component, ComponentState};
use device::Device;

/// Shows the box's state to who stands in front of it.
pub(crate) struct Console {
    devices: Vec<Device>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What is shown; `None` before the first screen.
    screen: Option<Screen>,
    /// What was told before that.
    early: Vec<Field>,
}

impl Console {
    /// Opens the devices; `-` is standard output. One that cannot be opened is logged, as long as
    /// another can.
    ///
    /// # Errors
    /// The path and the cause of the first, when none can be opened.
    pub(crate) fn open(paths: &[PathBuf]) -> Result<Self, (PathBuf, io::Error)> {
        let mut devices = Vec::new();
        let mut first_error = None;
        for path in paths {
            match Device::open(path) {
                Ok(device) => devices.push(device),
                Err(error) => {
                    tracing::info!(path = %path.display(), %error, "cannot open this console");
                    first_error.get_or_insert((path.clone(), error));
                }
            }
        }
        match first_error {
            Some(error) if devices.is_empty() => Err(error),
            _ => Ok(Self { devices, state: Mutex::default() }),
        }
    }

    /// Shows a screen in place of what was shown before, and then what was told before the first one.
    pub(crate) fn screen(&self, screen: &Screen) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.screen = Some(screen.clone());
        self.devices.iter().for_each(|device| device.screen(screen));
        for field in std::mem::take(&mut state.early) {
            self.apply(&mut state, field);
        }
    }

    /// Shows one labelled value; nothing happens when it is shown already.
    pub(crate) fn line(&self, label: &str, text: &str) {
        self.lines(label, vec![text.to_owned()]);
    }

    /// Shows one labelled value of several lines; nothing happens when it is shown already.
    pub(crate) fn lines(&self, label: &str, lines: Vec<String>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        self.apply(&mut state, Field { label: label.into(), lines });
    }

    /// Shows another heading, such as that the box stops.
    pub(crate) fn heading(&self, heading: &str) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(screen) = &mut state.screen
            && screen.heading != heading
        {
            heading.clone_into(&mut screen.heading);
            self.devices.iter().for_each(|device| device.heading(screen));
        }
    }

    fn apply(&self, state: &mut State, field: Field) {
        let Some(screen) = &mut state.screen else {
            // Only what held last is worth showing.
            state.early.retain(|early| early.label != field.label);
            return state.early.push(field);
        };
        if screen.set(field.clone()) {
            self.devices.iter().for_each(|device| device.field(screen, &field));
        }
    }
}

/// What the console shows once the box is ready.
pub(crate) struct Banner {
    pub(crate) version: String,
    /// Where people reach the box, the name first.
    pub(crate) addresses: Vec<String>,
    /// The claim code, or who claimed the box.
    pub(crate) owner: Owner,
    /// The certificate's fingerprint as words and as hexadecimal pairs.
    pub(crate) words: String,
    pub(crate) sha256: String,
    /// How the box is; a developer's terminal goes without.
    pub(crate) health: Option<String>,
    pub(crate) keys: String,
    pub(crate) models: String,
    pub(crate) node: String,
}

/// Whose box it is.
pub(crate) enum Owner {
    /// Nobody's yet; this code makes its first administrator.
    ClaimCode(String),
    /// This person's.
    Administrator(String),
}

impl Banner {
    /// The banner as it is shown.
    pub(crate) fn screen(&self) -> Screen {
        let (owner_label, owner) = match &self.owner {
            Owner::ClaimCode(code) => ("Claim code", code),
            Owner::Administrator(name) => ("Claimed by", name),
        };
        let mut screen = Screen::new(format!("Anya Box {} is ready", self.version))
            .lines("Address", self.addresses.iter().map(String::as_str))
            .field(owner_label, owner)
            .lines("Certificate", certificate_lines(&self.words, &self.sha256));
        if let Some(health) = &self.health {
            screen = screen.field("Health", health);
        }
        screen.field("Keys", &self.keys).field("Models", &self.models).field("Node", &self.node)
    }
}

/// A certificate's fingerprint in the two forms that people compare.
pub(crate) fn certificate_lines(words: &str, sha256: &str) -> Vec<String> {
    vec![words.to_owned(), format!("SHA-256 {sha256}")]
}

/// How the box is, in one line: `all well`, or each part that is not and why.
pub(crate) fn health_line(components: &[Component]) -> String {
    // A node that catches up is as it should be; its own line tells how far it is.
    let unwell = |part: &&Component| match part.state {
        ComponentState::Failed => true,
        ComponentState::Degraded => part.name != "bitcoin",
        ComponentState::Ready | ComponentState::Starting | ComponentState::Off => false,
    };
    let told = |part: &Component| match part.detail.as_str() {
        "" => format!("{} does not work", plain_name(&part.name)),
        detail => format!("{}: {detail}", plain_name(&part.name)),
    };
    let parts: Vec<String> = components.iter().filter(unwell).map(told).collect();
    if parts.is_empty() { "all well".into() } else { parts.join("; ") }
}

/// A component's name for people.
fn plain_name(name: &str) -> String {
    match name.split_once(':') {
        Some((kind, which)) => format!("{kind} {which}"),
        None if name == "bitcoin" => "Bitcoin node".into(),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests;
