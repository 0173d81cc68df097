//! Reading a file from a medium that can be pulled out at any moment.

use std::io::{self, Read};
use std::time::{Duration, Instant};

/// How often the progress is told.
const TELL_EVERY: Duration = Duration::from_millis(250);

/// A file of a known size. What fails says what has happened, and so does an end that comes too early.
pub(in crate::updates) struct MediumReader<R, T> {
    from: R,
    size: u64,
    done: u64,
    tell: T,
    told: Instant,
}

impl<R: Read, T: FnMut(u64)> MediumReader<R, T> {
    /// `tell` is told now and then how many bytes were read, and at the end.
    pub(in crate::updates) fn new(from: R, size: u64, tell: T) -> Self {
        Self { from, size, done: 0, tell, told: Instant::now() }
    }
}

impl<R: Read, T: FnMut(u64)> Read for MediumReader<R, T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.size - self.done).unwrap_or(usize::MAX);
        let most = buffer.len().min(left);
        if most == 0 {
            return Ok(0);
        }
        let broken = |cause: &dyn std::fmt::Display| {
            io::Error::other(format!("the stick was pulled out, or it is damaged: {cause}"))
        };
        let read = match self.from.read(&mut buffer[..most]) {
            Ok(0) => return Err(broken(&"it ends too early")),
            Ok(read) => read,
            Err(error) => return Err(broken(&error)),
        };
        self.done += read as u64;
        if self.done == self.size || self.told.elapsed() >= TELL_EVERY {
            self.told = Instant::now();
            (self.tell)(self.done);
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_it_comes_and_its_end_is_told() {
        let mut told = Vec::new();
        let mut all = Vec::new();
        let mut reader =
            MediumReader::new(&b"1234567 and what was written behind"[..], 7, |done| told.push(done));
        reader.read_to_end(&mut all).unwrap();
        assert_eq!((all.as_slice(), told.as_slice()), (&b"1234567"[..], &[7][..]));
    }

    #[test]
    fn an_end_that_comes_too_early_is_an_error() {
        let mut reader = MediumReader::new(&b"1234"[..], 7, |_| ());
        let error = reader.read_to_end(&mut Vec::new()).unwrap_err().to_string();
        assert!(error.contains("pulled out") && error.contains("too early"), "{error}");
    }
}
