//! Output: the API's JSON for programs, tables for people.

use std::io::Write;

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::failure::Failure;

/// Standard output in one of two forms.
pub(crate) struct Screen {
    json: bool,
}

impl Screen {
    /// As JSON or for people.
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether programs read it.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Shows an answer: as it is, or as `people` puts it.
    pub(crate) fn show<T: DeserializeOwned>(
        &self,
        answer: &Value,
        people: impl FnOnce(T) -> String,
    ) -> Result<(), Failure> {
        let text = if self.json {
            serde_json::to_string_pretty(answer).expect("JSON always serialises")
        } else {
            people(T::deserialize(answer).map_err(Failure::OtherShape)?)
        };
        self.line(&text)
    }

    /// One line, or several.
    pub(crate) fn line(&self, text: &str) -> Result<(), Failure> {
        writeln!(std::io::stdout(), "{}", text.trim_end())?;
        Ok(())
    }

    /// A piece of a line, at once.
    pub(crate) fn piece(&self, text: &str) -> Result<(), Failure> {
        let mut out = std::io::stdout();
        out.write_all(text.as_bytes())?;
        out.flush()?;
        Ok(())
    }
}

/// A table under a line of names; `none` when it has no rows.
pub(crate) fn table<R: IntoIterator<Item = String>>(
    names: &[&str],
    rows: impl IntoIterator<Item = R>,
    none: &str,
) -> String {
    let mut table = plain();
    table.set_header(names.iter().map(|name| name.to_uppercase()));
    for row in rows {
        table.add_row(row.into_iter().map(clean));
    }
    if table.is_empty() { none.to_owned() } else { flush(table) }
}

/// Names and values, one pair a line; pairs without a value are left out.
pub(crate) fn pairs(pairs: &[(&str, String)]) -> String {
    let mut table = plain();
    for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        table.add_row([
            Cell::new(format!("{name}:")).set_alignment(CellAlignment::Left),
            Cell::new(clean(value.clone())),
        ]);
    }
    flush(table)
}

fn plain() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table
}

/// Without room before the first column and behind the last.
fn flush(mut table: Table) -> String {
    table.column_iter_mut().for_each(|column| {
        column.set_padding((0, 1));
    });
    table.trim_fmt()
}

/// Without control characters: a label must not be able to steer the terminal.
pub(crate) fn clean(text: String) -> String {
    if text.chars().any(|c| c.is_control() && c != '\n') {
        text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
    } else {
        text
    }
}

/// Bytes in a unit that people read.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let unit = (bytes.max(1).ilog2() / 10).min(4) as usize;
    if unit == 0 {
        return format!("{bytes} B");
    }
    // A tenth is as exact as people want it.
    let tenths = u128::from(bytes) * 10 / (1_u128 << (10 * unit));
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

/// A time, to the second, in this computer's time zone.
pub(crate) fn time(at: jiff::Timestamp) -> String {
    at.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// A duration in its two largest units.
pub(crate) fn duration(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min {} s", seconds % 60),
        (0, ..) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_for_people() {
        assert_eq!((size(0), size(1023), size(1536)), ("0 B".into(), "1023 B".into(), "1.5 KiB".into()));
        assert_eq!(size(u64::MAX), "16777215.9 TiB");
        assert_eq!(
            (duration(59), duration(61), duration(90_000)),
            ("59 s".into(), "1 min 1 s".into(), "1 d 1 h".into())
        );
    }

    #[test]
    fn a_label_cannot_steer_the_terminal() {
        let shown = table(&["label"], [["\u{1b}[2Jgone".to_owned()]], "");
        assert!(!shown.contains('\u{1b}'), "{shown:?}");
    }

    #[test]
    fn an_empty_table_says_so() {
        assert_eq!(table(&["label"], Vec::<[String; 1]>::new(), "none yet"), "none yet");
    }
}
