//! What goes wrong while something is done in the background.

use appliance_core::storage::StorageError;
use appliance_core::update::{UpdateError, UpdateProblem};
use ota_client::assemble::AssembleError;
use ota_client::check::CheckError;
use ota_client::slot_keeper::SlotKeeperError;
use ota_client::slot_keeper::protocol::code;
use ota_client::source::SourceError;

/// Why something was not done, in a word and in words for the owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) code: String,
    pub(super) text: String,
    /// Whether it may work later without anybody doing something.
    pub(super) may_pass: bool,
    /// Whether it says something about the release, and not about the way to it.
    pub(super) refusal: bool,
}

impl Trouble {
    pub(super) fn new(code: &str, text: impl Into<String>) -> Self {
        Self { code: code.to_owned(), text: text.into(), may_pass: false, refusal: false }
    }

    /// The owner ended it.
    pub(super) fn stopped() -> Self {
        Self::from(SourceError::Stopped)
    }

    pub(super) fn was_stopped(&self) -> bool {
        self.code == SourceError::Stopped.code()
    }

    pub(super) fn problem(&self) -> UpdateProblem {
        UpdateProblem { code: self.code.clone(), text: self.text.clone() }
    }
}

/// The text, and below it what the causes add.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{} ({more})", text.trim_end_matches('.'));
        }
        cause = error.source();
    }
    text
}

impl From<SourceError> for Trouble {
    fn from(error: SourceError) -> Self {
        Self {
            code: error.code().to_owned(),
            text: chain(&error),
            may_pass: error.may_pass(),
            refusal: matches!(&error, SourceError::Refused(_)) && !error.may_pass(),
        }
    }
}

impl From<CheckError> for Trouble {
    fn from(error: CheckError) -> Self {
        match error {
            CheckError::Source(error) => error.into(),
            other => Self::new(other.code(), chain(&other)),
        }
    }
}

impl From<AssembleError> for Trouble {
    fn from(error: AssembleError) -> Self {
        match error {
            AssembleError::Source(error) => error.into(),
            other => Self::new(other.code(), chain(&other)),
        }
    }
}

impl From<SlotKeeperError> for Trouble {
    fn from(error: SlotKeeperError) -> Self {
        let about_the_box = [code::BUSY, code::NOT_NOW, code::BAD_REQUEST, code::FAILED];
        let refusal = matches!(&error, SlotKeeperError::Refused(_)) && !about_the_box.contains(&error.code());
        Self { refusal, ..Self::new(error.code(), chain(&error)) }
    }
}

impl From<StorageError> for Trouble {
    fn from(error: StorageError) -> Self {
        Self::new("not_kept", chain(&error))
    }
}

impl From<Trouble> for UpdateError {
    fn from(trouble: Trouble) -> Self {
        Self::Refused(trouble.problem())
    }
}
