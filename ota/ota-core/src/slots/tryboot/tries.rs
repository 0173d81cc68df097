//! What is counted of the starts, kept beside `autoboot.txt` in the names of two files without content.
//!
//! `tries.3` to `tries.0` tells how many tries the default slot has left: each count is one rename. `tried` is there
//! when the other slot was started since it last became one to be started. A rename that a power cut loses sets the
//! count back, which costs nothing but time.

use crate::slots::BootFolder;
use crate::slots::entry::{TRIES, Tries};
use crate::slots::loader::LoaderError;

const LEFT: &str = "tries.";
const TRIED: &str = "tried";

/// What the default slot has left. Without a file it has all of them; of two, which a power cut can leave of a
/// rename, the higher one holds.
pub(super) fn of_default(first: &impl BootFolder) -> Result<Tries, LoaderError> {
    let left = counts(first)?.into_iter().max().unwrap_or(TRIES);
    Ok(Tries { left, done: TRIES - left })
}

/// The default slot has so many left.
pub(super) fn set_default(first: &mut impl BootFolder, left: u32) -> Result<(), LoaderError> {
    let counts = counts(first)?;
    if counts == [left] || counts.is_empty() && left == TRIES {
        return Ok(());
    }
    if !counts.contains(&left) {
        match counts.first() {
            Some(&count) => rename(first, &file(count), &file(left))?,
            None => make(first, &file(left))?,
        }
    }
    for twin in self::counts(first)?.into_iter().filter(|&count| count != left) {
        remove(first, &file(twin))?;
    }
    sync(first)
}

/// What the other slot has: one try, until it was made.
pub(super) fn of_other(first: &impl BootFolder) -> Result<Tries, LoaderError> {
    let tried = list(first)?.iter().any(|name| name == TRIED);
    Ok(if tried { Tries { left: 0, done: 1 } } else { Tries { left: 1, done: 0 } })
}

/// The other slot was tried, or can be tried anew.
pub(super) fn set_other(first: &mut impl BootFolder, tried: bool) -> Result<(), LoaderError> {
    match (tried, of_other(first)?.done > 0) {
        (true, false) => make(first, TRIED)?,
        (false, true) => remove(first, TRIED)?,
        _ => return Ok(()),
    }
    sync(first)
}

fn file(left: u32) -> String {
    format!("{LEFT}{left}")
}

fn counts(first: &impl BootFolder) -> Result<Vec<u32>, LoaderError> {
    let names = list(first)?;
    let counts = names.iter().filter_map(|name| name.strip_prefix(LEFT)?.parse().ok());
    Ok(counts.filter(|&count| count <= TRIES).collect())
}

fn list(first: &impl BootFolder) -> Result<Vec<String>, LoaderError> {
    first.list().map_err(LoaderError::List)
}

fn make(first: &mut impl BootFolder, name: &str) -> Result<(), LoaderError> {
    let told = |source| LoaderError::Write { name: name.to_owned(), source };
    first.write(name, &mut std::io::empty()).map(drop).map_err(told)
}

fn rename(first: &mut impl BootFolder, from: &str, to: &str) -> Result<(), LoaderError> {
    let told = |source| LoaderError::Rename { from: from.to_owned(), to: to.to_owned(), source };
    sync(first)?;
    first.rename(from, to).map_err(told)
}

fn remove(first: &mut impl BootFolder, name: &str) -> Result<(), LoaderError> {
    first.remove(name).map_err(|source| LoaderError::Remove { name: name.to_owned(), source })
}

fn sync(first: &mut impl BootFolder) -> Result<(), LoaderError> {
    first.sync().map_err(LoaderError::Sync)
}
