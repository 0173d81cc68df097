//! What the service keeps about updates, so that a restart loses nothing: where an update is, what is offered,
//! what became of earlier ones. What is believed of releases is not in it: that is the slot keeper's.

use appliance_core::settings::Settings;
use appliance_core::storage::StorageResult;
use appliance_core::update::{LastCheck, UpdateSettings, UpdateSource};
use ota_client::source::Evidence;
use ota_core::identifier::Identifier;
use ota_core::life::{History, Phase};
use serde::{Deserialize, Serialize};

/// The name under which it is kept.
const NAME: &str = "updates_state";

/// What is kept.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Kept {
    /// Where an update is.
    pub(super) phase: Phase,
    /// What is offered.
    pub(super) offer: Option<KeptOffer>,
    /// What became of updates.
    pub(super) history: History,
    /// The last look.
    pub(super) last_check: Option<LastCheck>,
    /// How many looks failed in a row, for reasons that may pass.
    pub(super) failures: u32,
}

/// A release that can be installed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct KeptOffer {
    /// Where it comes from.
    pub(super) source: UpdateSource,
    /// The channel that it was judged for.
    pub(super) channel: Identifier,
    /// What it was believed for.
    pub(super) evidence: Evidence,
    /// Who signed it.
    pub(super) signed_by: Vec<String>,
    /// Why it is not installed by itself.
    pub(super) set_aside: Option<String>,
    /// What has to be fetched, bytes.
    pub(super) download: Option<u64>,
}

impl Kept {
    /// Reads it. What cannot be read is that of a new box, which knows nothing and is offered it again.
    pub(super) fn read(settings: &dyn Settings) -> Self {
        read(settings, NAME, |text| serde_json::from_str(text)).unwrap_or_default()
    }

    pub(super) fn keep(&self, settings: &dyn Settings) -> StorageResult<()> {
        settings.keep(NAME, &serde_json::json!(self).to_string())
    }
}

/// What the owner decided. Settings that cannot be read are those of a new box, whose server is this one.
pub(super) fn decided(settings: &dyn Settings, server: Option<String>) -> UpdateSettings {
    read(settings, UpdateSettings::NAME, UpdateSettings::from_json)
        .unwrap_or_else(|| UpdateSettings { server, ..UpdateSettings::default() })
}

fn read<T>(
    settings: &dyn Settings,
    name: &'static str,
    parse: impl FnOnce(&str) -> serde_json::Result<T>,
) -> Option<T> {
    let told = |error: &(dyn std::error::Error + 'static)| {
        tracing::error!(error, name, "what was kept cannot be read")
    };
    match settings.read(name) {
        Ok(text) => parse(text.as_deref()?).inspect_err(|error| told(error)).ok(),
        Err(error) => {
            told(&error);
            None
        }
    }
}
