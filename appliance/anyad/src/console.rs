//! The console: the one place where the claim code is shown, for who stands in front of the box.

use std::fmt::Write as _;
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Writes to standard output or a console device.
pub(crate) struct Console {
    state: Mutex<State>,
}

struct State {
    out: Box<dyn Write + Send>,
    /// Lines that came before the banner; `None` once it was shown.
    early: Option<String>,
}

impl Console {
    /// Opens the console; `-` is standard output.
    ///
    /// # Errors
    /// When the device cannot be opened for writing.
    pub(crate) fn open(path: &Path) -> std::io::Result<Self> {
        let out: Box<dyn Write + Send> = if path == Path::new("-") {
            Box::new(std::io::stdout())
        } else {
            Box::new(std::fs::OpenOptions::new().append(true).open(path)?)
        };
        Ok(Self { state: Mutex::new(State { out, early: Some(String::new()) }) })
    }

    /// Shows the banner, and then the lines that came before it.
    pub(crate) fn show_banner(&self, banner: &str) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let early = state.early.take().unwrap_or_default();
        state.write(&format!("{banner}{early}"));
    }

    /// Shows one labelled line, after the banner.
    pub(crate) fn line(&self, label: &str, text: &str) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let line = labelled(label, text);
        match &mut state.early {
            Some(early) => early.push_str(&line),
            None => state.write(&line),
        }
    }
}

impl State {
    /// A console that cannot be written to is no reason to stop serving.
    fn write(&mut self, text: &str) {
        if let Err(error) = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush()) {
            tracing::warn!(%error, "cannot write to the console");
        }
    }
}

/// What the console shows once the box is ready.
pub(crate) struct Banner {
    pub(crate) version: &'static str,
    pub(crate) address: String,
    /// The claim code, or who claimed the box.
    pub(crate) owner: Owner,
    /// The certificate's fingerprint as words and as hexadecimal pairs.
    pub(crate) words: String,
    pub(crate) sha256: String,
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
    /// The text as it is shown.
    pub(crate) fn text(&self) -> String {
        let (owner_label, owner) = match &self.owner {
            Owner::ClaimCode(code) => ("Claim code", code),
            Owner::Administrator(name) => ("Claimed by", name),
        };
        let mut text = format!("Anya Box {} is ready\n\n", self.version);
        for (label, value) in [
            ("Address", self.address.as_str()),
            (owner_label, owner.as_str()),
            ("Certificate", &self.words),
            ("", &format!("SHA-256 {}", self.sha256)),
            ("Keys", &self.keys),
            ("Models", &self.models),
            ("Node", &self.node),
        ] {
            text.push_str(&labelled(label, value));
        }
        text
    }
}

fn labelled(label: &str, text: &str) -> String {
    let mut line = String::new();
    let label = if label.is_empty() { String::new() } else { format!("{label}:") };
    // Writing into a String cannot fail.
    let _ = writeln!(line, "  {label:<13} {text}");
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_banner_shows_the_code_until_the_box_is_claimed() {
        let banner = |owner| Banner {
            version: "0.1.0",
            address: "https://localhost:8443".into(),
            owner,
            words: "one two".into(),
            sha256: "AB:CD".into(),
            keys: "SoftHSM 2.6 (softhsm)".into(),
            models: "on the processor".into(),
            node: "off".into(),
        };
        let text = banner(Owner::ClaimCode("ABCD-EFGH".into())).text();
        assert!(text.contains("\n  Claim code:   ABCD-EFGH\n"), "{text}");
        assert!(text.contains("\n                SHA-256 AB:CD\n"), "{text}");
        let text = banner(Owner::Administrator("ada".into())).text();
        assert!(text.contains("\n  Claimed by:   ada\n") && !text.contains("Claim code"), "{text}");
    }
}
