//! Turns the bytes of tokens into whole characters.

use super::stop::StopFilter;

/// A token may end in the middle of a character; the rest is waited for.
pub(super) struct TextStream {
    pending: Vec<u8>,
    filter: StopFilter,
}

impl TextStream {
    pub(super) fn new(filter: StopFilter) -> Self {
        Self { pending: Vec::new(), filter }
    }

    /// Takes a token's bytes and gives the text that may be read now.
    pub(super) fn push(&mut self, bytes: &[u8]) -> String {
        self.pending.extend_from_slice(bytes);
        let whole = take_whole(&mut self.pending);
        self.filter.push(&whole)
    }

    /// Whether a stop text came up.
    pub(super) fn stopped(&self) -> bool {
        self.filter.stopped()
    }

    /// What is left, now that nothing follows. Half a character, where the answer was cut, is left out.
    pub(super) fn finish(self) -> String {
        self.filter.finish()
    }
}

/// Removes the whole characters from the front. Bytes that cannot become one are U+FFFD.
fn take_whole(pending: &mut Vec<u8>) -> String {
    let mut text = String::new();
    let mut done = 0;
    for chunk in pending.utf8_chunks() {
        text.push_str(chunk.valid());
        done += chunk.valid().len();
        let at_end = done + chunk.invalid().len() == pending.len();
        if chunk.invalid().is_empty() || (at_end && may_continue(chunk.invalid())) {
            break;
        }
        text.push(char::REPLACEMENT_CHARACTER);
        done += chunk.invalid().len();
    }
    pending.drain(..done);
    text
}

/// Whether these bytes are the start of a character.
fn may_continue(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(pieces: &[&[u8]]) -> (Vec<String>, String) {
        let mut stream = TextStream::new(StopFilter::new(&[]));
        let out = pieces.iter().map(|piece| stream.push(piece)).collect();
        (out, stream.finish())
    }

    #[test]
    fn character_across_tokens_comes_out_whole() {
        let crab = "🦀".as_bytes();
        let (out, rest) = run(&[&crab[..1], &crab[1..3], &crab[3..]]);
        assert_eq!((out, rest.as_str()), (vec![String::new(), String::new(), "🦀".into()], ""));
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced() {
        let (out, rest) = run(&[b"a\xff", b"b\xe2\x82"]);
        assert_eq!((out, rest.as_str()), (vec!["a\u{fffd}".into(), "b".into()], ""));
    }
}
