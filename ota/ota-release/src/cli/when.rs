//! Ends: a number of days from now, or a date.

use std::str::FromStr;

use anyhow::{Context, Result};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use ota_release::clock::whole_seconds;

/// When something expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    Days(u32),
    At(Timestamp),
}

impl When {
    pub(super) fn after(self, now: Timestamp) -> Result<Timestamp> {
        match self {
            Self::At(time) => Ok(time),
            Self::Days(days) => now
                .checked_add(SignedDuration::from_hours(i64::from(days) * 24))
                .with_context(|| format!("--expires: {days} days from now are too many")),
        }
    }
}

impl FromStr for When {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(days) = text.parse() {
            return Ok(Self::Days(days));
        }
        if let Ok(time) = text.parse::<Timestamp>() {
            return Ok(Self::At(whole_seconds(time)));
        }
        let midnight = text.parse::<Date>().and_then(|date| date.to_zoned(TimeZone::UTC));
        midnight
            .map(|time| Self::At(time.timestamp()))
            .map_err(|_| "give a number of days, or a date: 90, 2027-01-31, 2027-01-31T12:00:00Z")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(text: &str) -> String {
        let now = "2026-11-21T14:20:00Z".parse().unwrap();
        text.parse::<When>().unwrap().after(now).unwrap().to_string()
    }

    #[test]
    fn an_end_is_a_number_of_days_or_a_date() {
        assert_eq!(after("90"), "2027-02-19T14:20:00Z");
        assert_eq!(after("2027-01-31"), "2027-01-31T00:00:00Z");
        assert_eq!(after("2027-01-31T12:00:00.5Z"), "2027-01-31T12:00:00Z");
        for bad in ["", "-1", "soon", "90d", "2027-02-30"] {
            assert!(bad.parse::<When>().is_err(), "{bad}");
        }
        assert!(When::Days(u32::MAX).after("2026-11-21T14:20:00Z".parse().unwrap()).is_err());
    }
}
