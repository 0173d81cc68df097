//! How far something is, on standard error: one line that is written over on a terminal, a line for each
//! step elsewhere.

use std::io::{IsTerminal, Read, Write};
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::screen::{clean, size};

/// The bar's length, letters.
const BAR: u64 = 24;
/// Between two figures while a file is sent.
const REFRESH: Duration = Duration::from_millis(200);

/// The line.
pub(crate) struct ProgressLine {
    place: Place,
    last: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Terminal,
    Elsewhere,
    Nowhere,
}

impl ProgressLine {
    /// Silent for programs.
    pub(crate) fn new(for_programs: bool) -> Self {
        let place = match (for_programs, std::io::stderr().is_terminal()) {
            (true, _) => Place::Nowhere,
            (false, true) => Place::Terminal,
            (false, false) => Place::Elsewhere,
        };
        Self { place, last: String::new() }
    }

    /// Shows `text`. `step` is what of it is the same while only figures change.
    pub(crate) fn tell(&mut self, step: &str, text: &str) -> Result<(), Failure> {
        let text = clean(text.to_owned()).replace('\n', " ");
        match self.place {
            Place::Terminal => write!(std::io::stderr(), "\r\u{1b}[K{text}")?,
            Place::Elsewhere if self.last != step => writeln!(std::io::stderr(), "{text}")?,
            Place::Elsewhere | Place::Nowhere => {}
        }
        step.clone_into(&mut self.last);
        Ok(())
    }

    /// Leaves room for what is told next.
    pub(crate) fn end(&mut self) -> Result<(), Failure> {
        if self.place == Place::Terminal && !self.last.is_empty() {
            write!(std::io::stderr(), "\r\u{1b}[K")?;
        }
        self.last.clear();
        Ok(())
    }
}

/// A bar with its figures.
pub(crate) fn bar(what: &str, done: u64, total: u64) -> String {
    let total = total.max(1);
    let done = done.min(total);
    let share = |of: u64| u64::try_from(u128::from(done) * u128::from(of) / u128::from(total)).unwrap_or(of);
    let full = share(BAR);
    let bar: String = (0..BAR).map(|place| if place < full { '#' } else { '.' }).collect();
    format!("{what} [{bar}] {} %, {} of {}", share(100), size(done), size(total))
}

/// A source that shows how much of it was read.
pub(crate) struct Counted<R> {
    source: R,
    what: &'static str,
    done: u64,
    total: u64,
    line: ProgressLine,
    told: Option<Instant>,
}

impl<R: Read> Counted<R> {
    pub(crate) fn new(source: R, total: u64, what: &'static str, line: ProgressLine) -> Self {
        Self { source, what, done: 0, total, line, told: None }
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.source.read(buffer)?;
        self.done += read as u64;
        let all = self.done >= self.total;
        // That nobody can read how far it is does not end it.
        if all {
            let _ = self.line.tell("checking", "The box checks the file");
        } else if self.told.is_none_or(|told| told.elapsed() >= REFRESH) {
            self.told = Some(Instant::now());
            let _ = self.line.tell("sending", &bar(self.what, self.done, self.total));
        }
        Ok(read)
    }
}

impl<R> Drop for Counted<R> {
    fn drop(&mut self) {
        // As above.
        let _ = self.line.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_never_longer_than_all_of_it() {
        assert_eq!(bar("x", 0, 0), "x [........................] 0 %, 0 B of 1 B");
        assert_eq!(bar("x", 512, 1024), "x [############............] 50 %, 512 B of 1.0 KiB");
        assert_eq!(bar("x", 9, 3), "x [########################] 100 %, 3 B of 3 B");
        assert_eq!(bar("x", u64::MAX - 1, u64::MAX).matches('#').count(), 23);
    }

    #[test]
    fn what_is_read_is_the_source_s() {
        let mut counted = Counted::new(&[1_u8, 2, 3][..], 3, "x", ProgressLine::new(true));
        let mut read = Vec::new();
        counted.read_to_end(&mut read).unwrap();
        assert_eq!((read, counted.done), (vec![1, 2, 3], 3));
    }
}
