//! What the console shows: a heading and labelled values, and how that looks on each kind of device.

use std::fmt::Write as _;

/// A text console has this many columns.
const COLUMNS: usize = 80;
/// And this many rows. The last one stays empty, so that nothing scrolls.
const ROWS: usize = 25;
/// Where values begin on a screen.
const INDENT: usize = 16;

/// Labels in the order in which a screen shows them; those that are not here come last.
const ORDER: [&str; 11] = [
    "Problem",
    "What to do",
    "Address",
    "Claim code",
    "Claimed by",
    "Erase code",
    "Certificate",
    "Health",
    "Storage",
    "Node",
    "Keys",
];

/// Of these only one is shown: a box that is claimed has no claim code.
const EITHER: [&str; 2] = ["Claim code", "Claimed by"];

/// A labelled value of one line or more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) label: String,
    pub(crate) lines: Vec<String>,
}

/// A heading and labelled values, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Screen {
    pub(crate) heading: String,
    pub(crate) fields: Vec<Field>,
}

impl Screen {
    /// A screen with nothing but its heading.
    pub(crate) fn new(heading: impl Into<String>) -> Self {
        Self { heading: heading.into(), fields: Vec::new() }
    }

    /// With one more value of one line.
    #[must_use]
    pub(crate) fn field(self, label: &str, value: impl Into<String>) -> Self {
        self.lines(label, [value])
    }

    /// With one more value of several lines.
    #[must_use]
    pub(crate) fn lines(mut self, label: &str, lines: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.set(Field { label: label.into(), lines: lines.into_iter().map(Into::into).collect() });
        self
    }

    /// Puts a value in its place. Returns whether that changed anything.
    pub(crate) fn set(&mut self, field: Field) -> bool {
        if EITHER.contains(&field.label.as_str()) {
            let other = |old: &Field| EITHER.contains(&old.label.as_str()) && old.label != field.label;
            self.fields.retain(|old| !other(old));
        }
        match self.fields.iter_mut().find(|old| old.label == field.label) {
            Some(old) if *old == field => return false,
            Some(old) => *old = field,
            None => self.fields.push(field),
        }
        true
    }

    /// The heading alone for a device that only appends.
    pub(super) fn heading_line(&self) -> String {
        format!("{}\n", printable(&self.heading))
    }

    /// The whole of it for a device that only appends: no escape codes.
    pub(super) fn as_lines(&self) -> String {
        let mut text = format!("{}\n\n", printable(&self.heading));
        for field in &self.fields {
            for (row, line) in field.lines.iter().enumerate() {
                text.push_str(&labelled(if row == 0 { &field.label } else { "" }, line));
            }
        }
        text
    }

    /// The whole of it for a terminal: clears it first, and fits on it.
    pub(super) fn as_terminal(&self) -> String {
        let mut rows = vec![String::new(), format!("  {}", for_terminal(&self.heading)), String::new()];
        let mut fields: Vec<&Field> = self.fields.iter().collect();
        fields
            .sort_by_key(|field| ORDER.iter().position(|label| *label == field.label).unwrap_or(ORDER.len()));
        for field in fields {
            let wrapped = field.lines.iter().flat_map(|line| wrap(&for_terminal(line), COLUMNS - INDENT - 1));
            for (row, line) in wrapped.enumerate() {
                let label = if row == 0 { field.label.as_str() } else { "" };
                rows.push(format!("  {label:<width$}{line}", width = INDENT - 2));
            }
        }
        if rows.len() > ROWS - 1 {
            rows.truncate(ROWS - 2);
            rows.push("  (the web page has the rest)".into());
        }
        // Hide the cursor, go to the corner, clear.
        let mut text = String::from("\x1b[?25l\x1b[H\x1b[2J");
        for row in rows {
            // Writing into a String cannot fail.
            let _ = write!(text, "{}\r\n", row.trim_end());
        }
        text
    }
}

impl Field {
    /// The value as one line for a device that only appends.
    pub(super) fn as_line(&self) -> String {
        labelled(&self.label, &self.lines.join(", "))
    }
}

fn labelled(label: &str, text: &str) -> String {
    let label = if label.is_empty() { String::new() } else { format!("{label}:") };
    format!("  {label:<13} {}\n", printable(text))
}

/// Texts come from devices and people too: whatever could steer a terminal goes.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// What the console's font has: ASCII and the western letters.
fn for_terminal(text: &str) -> String {
    let mut shown = String::new();
    for c in printable(text).chars() {
        match c {
            '\u{2010}'..='\u{2015}' => shown.push('-'),
            '\u{2018}' | '\u{2019}' => shown.push('\''),
            '\u{201c}' | '\u{201d}' => shown.push('"'),
            '\u{2026}' => shown.push_str("..."),
            '\u{2022}' => shown.push('*'),
            ' '..='~' | '\u{a1}'..='\u{ff}' => shown.push(c),
            _ => shown.push('?'),
        }
    }
    shown
}

/// Cuts at spaces, or where there is none after a colon or at the width.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut rows = Vec::new();
    let mut rest: Vec<char> = text.chars().collect();
    while rest.len() > width {
        let fits = &rest[..=width];
        let cut = fits.iter().rposition(|c| *c == ' ').filter(|place| *place > 0);
        let cut = cut.or_else(|| rest[..width].iter().rposition(|c| *c == ':').map(|place| place + 1));
        let tail = rest.split_off(cut.unwrap_or(width));
        rows.push(rest.into_iter().collect());
        rest = tail.into_iter().skip_while(|c| *c == ' ').collect();
    }
    rows.push(rest.into_iter().collect());
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screen_fits_a_text_console_and_has_the_important_first() {
        let sha256 = ["AB"; 32].join(":");
        let mut screen = Screen::new("Anya Box 0.1.0 is ready")
            .field("Models", "m".repeat(700))
            .lines("Address", ["https://anya.local", "https://192.168.1.20"])
            .field("Claim code", "ABCD-EFGH")
            .lines("Certificate", ["one two three four five six", &format!("SHA-256 {sha256}")])
            .field("Health", "all well");
        for number in 0..20 {
            screen = screen.field(&format!("More {number}"), "of it");
        }
        let text = screen.as_terminal();
        let drawn = text.strip_prefix("\x1b[?25l\x1b[H\x1b[2J").expect("clears first");
        assert!(!drawn.contains('\x1b'));
        let rows: Vec<&str> = drawn.split_terminator("\r\n").collect();
        assert!(rows.len() <= 24, "{} rows scroll", rows.len());
        assert!(rows.iter().all(|row| row.chars().count() < 80), "{drawn}");
        let place = |wanted: &str| rows.iter().position(|row| row.contains(wanted)).expect(wanted);
        assert!(place("https://anya.local") < place("Claim code"));
        assert!(place("Health") < place("Models"), "{drawn}");
        assert!(rows.last().expect("rows").contains("the web page has the rest"));
        let shown: String = rows[place("SHA-256")..].iter().map(|row| row.trim()).collect();
        assert!(shown.starts_with(&format!("SHA-256{sha256}")), "the fingerprint is whole: {shown}");
    }

    #[test]
    fn devices_cannot_steer_the_terminal() {
        let screen = Screen::new("Anya Box").field("Keys", "evil\x1b[2J token \u{2026} \u{4e2d} \u{e9}\n");
        let text = screen.as_terminal();
        assert!(text.contains("Keys          evil [2J token ... ? \u{e9}\r\n"), "{text:?}");
        assert!(!screen.as_lines().contains('\x1b'));
    }

    #[test]
    fn a_claimed_box_shows_no_code() {
        let mut screen = Screen::new("Anya Box").field("Claim code", "ABCD-EFGH");
        assert!(screen.set(Field { label: "Claimed by".into(), lines: vec!["ada".into()] }));
        assert!(!screen.as_terminal().contains("ABCD"));
        assert!(!screen.set(Field { label: "Claimed by".into(), lines: vec!["ada".into()] }), "no news");
    }
}
