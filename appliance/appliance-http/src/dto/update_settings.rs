//! What the owner decides about updates.

use std::num::NonZeroU64;

use appliance_core::update;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::word;
use crate::extract::RequestBody;
use crate::problem::{Problem, ProblemResult};

/// How much the box does by itself: `check` tells that there is a release, `download` fetches it, too, and
/// `install` installs it, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Automatic {
    Off,
    Check,
    Download,
    Install,
}

impl From<update::Automatic> for Automatic {
    fn from(automatic: update::Automatic) -> Self {
        match automatic {
            update::Automatic::Off => Self::Off,
            update::Automatic::Check => Self::Check,
            update::Automatic::Download => Self::Download,
            update::Automatic::Install => Self::Install,
        }
    }
}

impl From<Automatic> for update::Automatic {
    fn from(automatic: Automatic) -> Self {
        match automatic {
            Automatic::Off => Self::Off,
            Automatic::Check => Self::Check,
            Automatic::Download => Self::Download,
            Automatic::Install => Self::Install,
        }
    }
}

/// `now`: at once. `at`: the next time that the clock shows `at`. `manual`: when the owner says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RestartWhen {
    Now,
    At,
    Manual,
}

/// When the box restarts into an update that is installed.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateRestart {
    #[serde(deserialize_with = "word::required")]
    when: RestartWhen,
    /// A time of the day, UTC; with `"when": "at"` and only then.
    #[serde(default)]
    #[schema(example = "03:30")]
    at: Option<String>,
}

/// What the owner decides about updates. All of it is sent at once.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateSettings {
    #[serde(deserialize_with = "word::required")]
    automatic: Automatic,
    /// The address of the repository; `null` when there is none, and updates come by file alone.
    #[serde(deserialize_with = "said")]
    #[schema(required, example = "https://updates.example/anya")]
    server: Option<String>,
    /// The channel that is followed.
    #[schema(example = "stable")]
    channel: String,
    /// How often the box looks by itself, hours.
    #[schema(minimum = 1, maximum = 168)]
    check_every_hours: u16,
    restart: UpdateRestart,
    /// At most so many bytes per second are fetched; `null`: as many as come.
    #[serde(deserialize_with = "said")]
    #[schema(required, minimum = 16384)]
    bandwidth: Option<u64>,
}

impl RequestBody for UpdateSettings {
    const LIMIT: usize = 16 << 10;
}

/// A value that may be null, and has to be there: whoever leaves it out would change it unawares.
fn said<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Option::deserialize(deserializer)
}

impl From<update::UpdateSettings> for UpdateSettings {
    fn from(settings: update::UpdateSettings) -> Self {
        let (when, at) = match settings.restart {
            update::RestartTime::Now => (RestartWhen::Now, None),
            update::RestartTime::At { at } => (RestartWhen::At, Some(at.to_string())),
            update::RestartTime::Manual => (RestartWhen::Manual, None),
        };
        Self {
            automatic: settings.automatic.into(),
            server: settings.server,
            channel: settings.channel,
            check_every_hours: settings.check_every_hours,
            restart: UpdateRestart { when, at },
            bandwidth: settings.bandwidth.map(NonZeroU64::get),
        }
    }
}

impl UpdateSettings {
    /// The settings as the domain has them.
    pub(crate) fn read(self) -> ProblemResult<update::UpdateSettings> {
        Ok(update::UpdateSettings {
            automatic: self.automatic.into(),
            server: self.server,
            channel: self.channel,
            check_every_hours: self.check_every_hours,
            restart: self.restart.read()?,
            bandwidth: self.bandwidth.map(limit).transpose()?,
        })
    }
}

impl UpdateRestart {
    fn read(self) -> ProblemResult<update::RestartTime> {
        match (self.when, self.at) {
            (RestartWhen::Now, None) => Ok(update::RestartTime::Now),
            (RestartWhen::Manual, None) => Ok(update::RestartTime::Manual),
            (RestartWhen::At, Some(at)) => {
                let at = at
                    .parse()
                    .map_err(|error: update::InvalidSettings| Problem::field(error.field, error.problem))?;
                Ok(update::RestartTime::At { at })
            }
            (RestartWhen::At, None) => {
                Err(Problem::field("restart.at", "is missing, and has to be a time such as 03:30 (UTC)"))
            }
            (RestartWhen::Now | RestartWhen::Manual, Some(_)) => {
                Err(Problem::field("restart.at", "has a meaning only when `restart.when` is `at`"))
            }
        }
    }
}

fn limit(rate: u64) -> ProblemResult<NonZeroU64> {
    NonZeroU64::new(rate).ok_or_else(|| {
        let least = update::UpdateSettings::LEAST_BANDWIDTH;
        Problem::field("bandwidth", format!("is 0, and has to be at least {least}, or null for no limit"))
    })
}
