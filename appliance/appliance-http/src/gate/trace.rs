//! W3C Trace Context: a caller's trace goes on in the box's log and is named in the answer.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

const NAME: HeaderName = HeaderName::from_static("traceparent");

/// A valid `traceparent` of version 00 (Trace Context, section 3.2).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TraceParent {
    trace_id: String,
    flags: String,
}

impl TraceParent {
    /// 32 hexadecimal digits.
    pub(super) fn trace_id(&self) -> &str {
        &self.trace_id
    }
}

/// The trace that a request belongs to. An invalid header counts as none (section 3.2.2.5).
pub(super) fn of(headers: &HeaderMap) -> Option<TraceParent> {
    let text = headers.get(NAME)?.to_str().ok()?;
    let [version, trace_id, parent_id, flags] = text.split('-').collect::<Vec<_>>().try_into().ok()?;
    let valid = version == "00"
        && is_hex(trace_id, 32)
        && is_hex(parent_id, 16)
        && is_hex(flags, 2)
        && trace_id.bytes().any(|b| b != b'0')
        && parent_id.bytes().any(|b| b != b'0');
    valid.then(|| TraceParent { trace_id: trace_id.to_owned(), flags: flags.to_owned() })
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Names the trace in an answer, with this request as the parent of what follows.
pub(super) fn answer(trace: Option<&TraceParent>, headers: &mut HeaderMap) {
    let Some(TraceParent { trace_id, flags }) = trace else { return };
    let (_, span) = Uuid::new_v4().as_u64_pair();
    if let Ok(value) = HeaderValue::from_str(&format!("00-{trace_id}-{span:016x}-{flags}")) {
        headers.insert(NAME, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &'static str) -> Option<TraceParent> {
        let mut headers = HeaderMap::new();
        headers.insert(NAME, HeaderValue::from_static(text));
        of(&headers)
    }

    #[test]
    fn only_valid_headers_count() {
        let good = parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").unwrap();
        assert_eq!(good.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
        for bad in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
