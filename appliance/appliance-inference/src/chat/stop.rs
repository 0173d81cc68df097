//! Ends an answer at a stop text, none of which the reader ever sees.

/// Passes text on, but holds back an end that may become a stop text.
pub(super) struct StopFilter {
    stops: Vec<String>,
    held: String,
    stopped: bool,
}

impl StopFilter {
    pub(super) fn new(stops: &[String]) -> Self {
        let stops = stops.iter().filter(|stop| !stop.is_empty()).cloned().collect();
        Self { stops, held: String::new(), stopped: false }
    }

    /// Takes text and gives what may be read of it.
    pub(super) fn push(&mut self, text: &str) -> String {
        if self.stopped {
            return String::new();
        }
        self.held.push_str(text);
        if let Some(at) = self.stops.iter().filter_map(|stop| self.held.find(stop.as_str())).min() {
            self.stopped = true;
            self.held.truncate(at);
            return std::mem::take(&mut self.held);
        }
        let kept = self.stops.iter().map(|stop| overlap(&self.held, stop)).max().unwrap_or(0);
        let rest = self.held.split_off(self.held.len() - kept);
        std::mem::replace(&mut self.held, rest)
    }

    /// Whether a stop text came up.
    pub(super) fn stopped(&self) -> bool {
        self.stopped
    }

    /// What was held back, now that nothing follows.
    pub(super) fn finish(self) -> String {
        self.held
    }
}

/// Length of the longest end of `text` that `stop` begins with.
fn overlap(text: &str, stop: &str) -> usize {
    let starts = stop.char_indices().map(|(at, _)| at).chain([stop.len()]);
    starts.filter(|length| text.ends_with(&stop[..*length])).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(stops: &[&str], pieces: &[&str]) -> (Vec<String>, bool, String) {
        let stops: Vec<String> = stops.iter().map(|stop| (*stop).to_owned()).collect();
        let mut filter = StopFilter::new(&stops);
        let out = pieces.iter().map(|piece| filter.push(piece)).collect();
        (out, filter.stopped(), filter.finish())
    }

    #[test]
    fn text_without_a_stop_passes_at_once() {
        assert_eq!(run(&[], &["a", "b"]), (vec!["a".into(), "b".into()], false, String::new()));
    }

    #[test]
    fn stop_across_pieces_is_never_seen() {
        let (out, stopped, rest) = run(&["STOP"], &["one S", "TO", "P two", "three"]);
        assert_eq!((out.concat().as_str(), stopped, rest.as_str()), ("one ", true, ""));
    }

    #[test]
    fn what_only_looked_like_a_stop_is_passed_on() {
        let (out, stopped, rest) = run(&["STOP"], &["a ST", "ART ", "ST"]);
        assert_eq!((out.concat().as_str(), stopped, rest.as_str()), ("a START ", false, "ST"));
    }

    #[test]
    fn earliest_of_several_stops_counts() {
        let (out, stopped, _) = run(&["c", "ab"], &["xabc"]);
        assert_eq!((out.concat().as_str(), stopped), ("x", true));
    }

    #[test]
    fn characters_of_several_bytes_are_kept_whole() {
        let (out, stopped, rest) = run(&["é!"], &["caf", "é", "?"]);
        assert_eq!((out.concat().as_str(), stopped, rest.as_str()), ("café?", false, ""));
    }
}
