//! What the owner decides about updates.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How much the box does by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Automatic {
    /// Nothing: the owner asks.
    Off,
    /// It looks whether there is a release, and says so.
    Check,
    /// It downloads it, too.
    Download,
    /// It installs it, too, and restarts at [`UpdateSettings::restart`].
    #[default]
    Install,
}

/// A time of the day, `HH:MM`, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeOfDay {
    minutes: u16,
}

impl TimeOfDay {
    /// Minutes since midnight, 0 to 1439.
    pub fn minutes(self) -> u16 {
        self.minutes
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.minutes / 60, self.minutes % 60)
    }
}

impl FromStr for TimeOfDay {
    type Err = InvalidSettings;

    fn from_str(text: &str) -> Result<Self, InvalidSettings> {
        let wrong = || InvalidSettings {
            field: "restart.at",
            problem: format!("is `{text}`, and has to be a time such as 03:30 (UTC)"),
        };
        let number = |digits: &str, below: u16| {
            let two = digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_digit());
            digits.parse().ok().filter(|&number: &u16| two && number < below).ok_or_else(wrong)
        };
        let (hours, minutes) = text.split_once(':').ok_or_else(wrong)?;
        Ok(Self { minutes: number(hours, 24)? * 60 + number(minutes, 60)? })
    }
}

impl Serialize for TimeOfDay {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TimeOfDay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// When the box restarts into an update that is installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "when")]
pub enum RestartTime {
    /// At once.
    Now,
    /// The next time that the clock shows this.
    At {
        /// The time.
        at: TimeOfDay,
    },
    /// When the owner says so.
    Manual,
}

impl Default for RestartTime {
    /// In the night of Europe and Africa, the evening of the Americas, the morning of Asia.
    fn default() -> Self {
        Self::At { at: TimeOfDay { minutes: 3 * 60 } }
    }
}

/// What the owner decides about updates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UpdateSettings {
    /// How much the box does by itself.
    pub automatic: Automatic,
    /// The address of the repository; `None` when there is none, and updates come by file alone.
    pub server: Option<String>,
    /// The channel that is followed, such as `stable`.
    pub channel: String,
    /// How often the box looks by itself, hours from 1 to 168.
    pub check_every_hours: u16,
    /// When it restarts.
    pub restart: RestartTime,
    /// At most so many bytes per second are fetched; `None`: as many as come.
    pub bandwidth: Option<NonZeroU64>,
}

impl Default for UpdateSettings {
    fn default() -> Self {
        Self {
            automatic: Automatic::default(),
            server: None,
            channel: "stable".into(),
            check_every_hours: 12,
            restart: RestartTime::default(),
            bandwidth: None,
        }
    }
}

/// A setting that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} {problem}")]
pub struct InvalidSettings {
    /// Which.
    pub field: &'static str,
    /// What is wrong, and what would be right.
    pub problem: String,
}

impl UpdateSettings {
    /// The name under which [`crate::settings::Settings`] keeps them, as JSON.
    pub const NAME: &'static str = "updates";

    /// The shortest limit of bandwidth, bytes per second: with less, a chunk takes minutes.
    pub const LEAST_BANDWIDTH: u64 = 16 << 10;

    /// Whether they can be.
    ///
    /// # Errors
    /// The first field that cannot. The address itself is looked at by whoever fetches.
    pub fn check(&self) -> Result<(), InvalidSettings> {
        let wrong = |field, problem: String| Err(InvalidSettings { field, problem });
        if self.channel.parse::<ota_core::identifier::Identifier>().is_err() {
            return wrong("channel", format!("is `{}`, and has to be a name such as stable", self.channel));
        }
        if !(1..=168).contains(&self.check_every_hours) {
            let hours = self.check_every_hours;
            return wrong("check_every_hours", format!("is {hours}, and has to be from 1 to 168"));
        }
        match self.bandwidth {
            Some(rate) if rate.get() < Self::LEAST_BANDWIDTH => wrong(
                "bandwidth",
                format!("is {rate} bytes per second, and has to be at least {}", Self::LEAST_BANDWIDTH),
            ),
            _ => Ok(()),
        }
    }

    /// Reads kept settings; what is not known is passed over, so that the version before can read those of
    /// the next one.
    ///
    /// # Errors
    /// When it is not JSON, or a value is of the wrong kind.
    pub fn from_json(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }

    /// The text to be kept.
    pub fn to_json(&self) -> String {
        serde_json::json!(self).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_as_they_were_kept_and_from_other_versions() {
        let settings = UpdateSettings {
            automatic: Automatic::Check,
            server: Some("https://updates.example/anya".into()),
            restart: RestartTime::At { at: "23:59".parse().unwrap() },
            bandwidth: NonZeroU64::new(1 << 20),
            ..UpdateSettings::default()
        };
        assert_eq!(UpdateSettings::from_json(&settings.to_json()).unwrap(), settings);
        assert_eq!(UpdateSettings::from_json(r#"{"later":1}"#).unwrap(), UpdateSettings::default());
        UpdateSettings::from_json(r#"{"restart":{"when":"at","at":"25:00"}}"#).unwrap_err();
    }

    #[test]
    fn what_cannot_be_is_named() {
        UpdateSettings::default().check().unwrap();
        let with = |change: fn(&mut UpdateSettings)| {
            let mut settings = UpdateSettings::default();
            change(&mut settings);
            settings.check().unwrap_err().to_string()
        };
        assert!(with(|settings| settings.channel = "../x".into()).starts_with("channel is `../x`"));
        assert!(with(|settings| settings.check_every_hours = 0).starts_with("check_every_hours is 0"));
        assert!(with(|settings| settings.check_every_hours = 169).contains("from 1 to 168"));
        assert!(with(|settings| settings.bandwidth = NonZeroU64::new(1)).contains("at least 16384"));
    }

    #[test]
    fn a_time_of_the_day_has_two_digits_each() {
        for right in ["00:00", "03:30", "23:59"] {
            assert_eq!(right.parse::<TimeOfDay>().unwrap().to_string(), right);
        }
        for wrong in ["", "3:30", "24:00", "12:60", "12-30", "+1:00", "12:3 ", "120:00"] {
            assert_eq!(wrong.parse::<TimeOfDay>().unwrap_err().field, "restart.at", "{wrong}");
        }
    }
}
