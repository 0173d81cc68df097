//! From a journal entry to a log line. The service writes JSON lines; what others wrote for it (systemd,
//! a library on standard error) is plain text.

use std::collections::BTreeMap;

use appliance_core::logs::{LogLevel, LogLine};
use jiff::Timestamp;
use serde_json::{Map, Value};

/// The line of an entry; `None` without a message. `microseconds` since 1970.
pub(super) fn of_record(record: &BTreeMap<String, String>, microseconds: u64) -> Option<LogLine> {
    let message = record.get("MESSAGE")?;
    let at = Timestamp::from_microsecond(i64::try_from(microseconds).ok()?).ok()?;
    match serde_json::from_str::<Map<String, Value>>(message) {
        Ok(own) => Some(of_json(own, at)),
        Err(_) => Some(LogLine {
            at,
            level: of_priority(record.get("PRIORITY").map_or("6", String::as_str)),
            target: record.get("SYSLOG_IDENTIFIER").cloned().unwrap_or_default(),
            message: message.clone(),
            request_id: None,
            fields: BTreeMap::new(),
        }),
    }
}

fn of_json(mut own: Map<String, Value>, at: Timestamp) -> LogLine {
    let mut take = |name: &str| own.remove(name).map(text).unwrap_or_default();
    let (level, target, message) = (take("level"), take("target"), take("message"));
    let written = take("timestamp").parse().ok();
    let span = own.remove("span");
    let request_id = span.as_ref().and_then(|span| span.get("request_id")).cloned().map(text);
    LogLine {
        at: written.unwrap_or(at),
        level: match level.as_str() {
            "ERROR" => LogLevel::Error,
            "WARN" => LogLevel::Warn,
            "INFO" => LogLevel::Info,
            _ => LogLevel::Debug,
        },
        target,
        message,
        request_id,
        fields: own.into_iter().map(|(name, value)| (name, text(value))).collect(),
    }
}

fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// syslog's priorities: 0 to 3 are faults, 4 is a warning, 5 and 6 tell, 7 is for developers.
fn of_priority(priority: &str) -> LogLevel {
    match priority {
        "0" | "1" | "2" | "3" => LogLevel::Error,
        "4" => LogLevel::Warn,
        "7" => LogLevel::Debug,
        _ => LogLevel::Info,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(fields: &[(&str, &str)]) -> BTreeMap<String, String> {
        fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn the_services_own_lines_keep_their_fields() {
        let own = r#"{"timestamp":"2026-11-21T09:00:00.5Z","level":"WARN","message":"slow","took_ms":7,
            "target":"anyad::run","span":{"request_id":"r-1","name":"request"}}"#;
        let line = of_record(&record(&[("MESSAGE", own), ("PRIORITY", "6")]), 1).unwrap();
        assert_eq!((line.level, line.message.as_str()), (LogLevel::Warn, "slow"));
        assert_eq!(line.request_id.as_deref(), Some("r-1"));
        assert_eq!(line.fields["took_ms"], "7");
        assert_eq!(line.at.to_string(), "2026-11-21T09:00:00.5Z");
    }

    #[test]
    fn what_others_wrote_is_shown_as_it_is() {
        let line = of_record(
            &record(&[("MESSAGE", "Started."), ("PRIORITY", "3"), ("SYSLOG_IDENTIFIER", "systemd")]),
            5,
        );
        let line = line.unwrap();
        assert_eq!((line.level, line.target.as_str()), (LogLevel::Error, "systemd"));
        assert_eq!(line.at.as_microsecond(), 5);
        assert!(of_record(&record(&[]), 0).is_none());
    }
}
