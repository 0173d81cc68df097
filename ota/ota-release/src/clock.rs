//! What time it is, for documents and signatures: both have whole seconds.

use jiff::Timestamp;

/// The time, in whole seconds that have passed: what is made now is never of the future, in which no signature
/// is valid yet.
pub fn now() -> Timestamp {
    whole_seconds(Timestamp::now())
}

/// A time without the fraction of its second.
pub fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).expect("a time without its fraction is one")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_counts_once_it_has_passed() {
        let late: Timestamp = "2026-11-29T12:00:00.9Z".parse().unwrap();
        assert_eq!(whole_seconds(late).to_string(), "2026-11-29T12:00:00Z");
    }
}
