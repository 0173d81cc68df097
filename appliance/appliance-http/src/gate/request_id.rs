//! The request's id: the client's own where it is sane, else a new one.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

const NAME: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id that is kept, bytes.
const MAX: usize = 128;

/// The id of a request. A given one is kept when it has 1 to 128 letters, digits and `-_.:/+=~`; it
/// goes into logs and answers, so nothing else may.
pub(super) fn of(headers: &HeaderMap) -> Arc<str> {
    let given = headers.get(NAME).and_then(|value| value.to_str().ok()).filter(|text| is_sane(text));
    given.map_or_else(|| Arc::from(Uuid::now_v7().to_string()), Arc::from)
}

fn is_sane(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/+=~".contains(&byte);
    (1..=MAX).contains(&text.len()) && text.bytes().all(fits)
}

/// Puts the id into an answer.
pub(super) fn answer(id: &str, headers: &mut HeaderMap) {
    if let Ok(value) = HeaderValue::from_str(id) {
        headers.insert(NAME, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(text: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(NAME, HeaderValue::from_str(text).unwrap());
        of(&headers).to_string()
    }

    #[test]
    fn sane_ids_are_kept_and_others_replaced() {
        assert_eq!(given("build-17.retry:2"), "build-17.retry:2");
        for text in ["", "two words", "quote\"", "<script>", &"x".repeat(129)] {
            assert_ne!(given(text), text);
        }
        assert_eq!(of(&HeaderMap::new()).parse::<Uuid>().unwrap().get_version_num(), 7);
    }
}
