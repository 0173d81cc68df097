//! Which entry systemd-boot starts, as a pure function.
//!
//! After `boot_entry_compare` and `config_select_default_entry` of systemd's `src/boot/boot.c` (v257), as
//! they are for unified kernel images when neither `default` nor `LoaderEntryDefault` nor
//! `LoaderEntryOneShot` is set; the box never sets them, as they override the counters. Versions are
//! compared as the Version Format Specification says (UAPI.10).

use std::cmp::Ordering;

use super::entry::{EntryName, IMAGE_ID, RESCUE, RESCUE_IMAGE_ID, Tries};

/// An entry as the loader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The name of its file.
    pub file: String,
    /// `IMAGE_ID` of the kernel image.
    pub sort_key: String,
    /// `IMAGE_VERSION` of the kernel image.
    pub version: String,
    /// Its counter.
    pub tries: Option<Tries>,
}

impl Candidate {
    /// The entry behind a file name of the box, whose kernel image says of itself what its name says
    /// ([`crate::manifest::Manifest::check_kernel`]). `None` for a file that the loader ignores.
    pub fn from_file(file: &str) -> Option<Self> {
        let owned = |sort_key: &str, version: String, tries| Self {
            file: file.to_owned(),
            sort_key: sort_key.to_owned(),
            version,
            tries,
        };
        if file == RESCUE {
            return Some(owned(RESCUE_IMAGE_ID, String::new(), None));
        }
        let entry = EntryName::parse(file)?;
        Some(owned(IMAGE_ID, entry.version.loader_form(), entry.tries))
    }

    /// The name without its counter.
    fn id(&self) -> &str {
        self.file.rsplit_once('+').filter(|_| self.tries.is_some()).map_or(&self.file, |(id, _)| id)
    }
}

/// The order of the loader's list: what comes first is started.
pub fn compare(a: &Candidate, b: &Candidate) -> Ordering {
    let spent = |entry: &Candidate| entry.tries.is_some_and(|tries| tries.left == 0);
    spent(a)
        .cmp(&spent(b))
        .then_with(|| a.sort_key.cmp(&b.sort_key))
        .then_with(|| compare_versions(&b.version, &a.version))
        .then_with(|| compare_versions(b.id(), a.id()))
        .then_with(|| match (a.tries, b.tries) {
            (Some(a), Some(b)) => b.left.cmp(&a.left).then(a.done.cmp(&b.done)),
            _ => Ordering::Equal,
        })
}

/// The file that the loader starts, of all files in its folder.
pub fn choose<'a>(files: impl IntoIterator<Item = &'a str>) -> Option<Candidate> {
    files.into_iter().filter_map(Candidate::from_file).min_by(compare)
}

/// Compares two versions (UAPI.10; systemd's `strverscmp_improved`).
pub fn compare_versions(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    loop {
        a = after_invalid(a);
        b = after_invalid(b);
        // `~` is older than anything, the end included; `-`, `^` and `.` in this order are older than
        // anything but the end.
        let order = separator(&mut a, &mut b, b'~');
        if order != Ordering::Equal {
            return order;
        }
        if a.is_empty() || b.is_empty() {
            return a.len().min(1).cmp(&b.len().min(1));
        }
        for mark in *b"-^." {
            let order = separator(&mut a, &mut b, mark);
            if order != Ordering::Equal {
                return order;
            }
        }
        let digits = starts_with_digit(a) || starts_with_digit(b);
        let order = if digits { compare_numbers(&mut a, &mut b) } else { compare_words(&mut a, &mut b) };
        if order != Ordering::Equal {
            return order;
        }
    }
}

fn starts_with_digit(text: &[u8]) -> bool {
    text.first().is_some_and(u8::is_ascii_digit)
}

fn after_invalid(text: &[u8]) -> &[u8] {
    let valid = |letter: &u8| letter.is_ascii_alphanumeric() || b"~-^.".contains(letter);
    &text[text.iter().position(valid).unwrap_or(text.len())..]
}

/// When one of both begins with the mark, that one is older; when both do, it is passed.
fn separator(a: &mut &[u8], b: &mut &[u8], mark: u8) -> Ordering {
    match (a.strip_prefix(&[mark]), b.strip_prefix(&[mark])) {
        (Some(rest_a), Some(rest_b)) => {
            (*a, *b) = (rest_a, rest_b);
            Ordering::Equal
        }
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}

fn take<'a>(text: &mut &'a [u8], kind: fn(&u8) -> bool) -> &'a [u8] {
    let (taken, rest) = text.split_at(text.iter().position(|letter| !kind(letter)).unwrap_or(text.len()));
    *text = rest;
    taken
}

fn compare_numbers(a: &mut &[u8], b: &mut &[u8]) -> Ordering {
    let (x, y) = (take(a, u8::is_ascii_digit), take(b, u8::is_ascii_digit));
    let without_zeros =
        |number: &[u8]| number[number.iter().take_while(|digit| **digit == b'0').count()..].to_vec();
    let there = |number: &[u8]| !number.is_empty();
    let (long_x, long_y) = (without_zeros(x), without_zeros(y));
    there(x).cmp(&there(y)).then(long_x.len().cmp(&long_y.len())).then(long_x.cmp(&long_y))
}

fn compare_words(a: &mut &[u8], b: &mut &[u8]) -> Ordering {
    let (x, y) = (take(a, u8::is_ascii_alphabetic), take(b, u8::is_ascii_alphabetic));
    x.cmp(y)
}

#[cfg(test)]
mod tests;
