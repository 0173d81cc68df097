//! What the head of an answer says.

use std::io::Read;

use ota_core::trust::Refusal;
use ureq::Body;
use ureq::http::Response;

use super::{Size, SourceError};

/// An answer whose head is as it should be.
pub(super) enum Answer {
    /// What was asked for.
    Body(Box<dyn Read>),
    /// All of the file, though its rest was asked for.
    FromTheStart(Box<dyn Read>),
    /// There is no such file.
    Nothing,
    /// The file ends where its rest should begin.
    NoMore,
}

/// Reads the head of the answer to the question for the file from `from` on.
pub(super) fn read(answer: Response<Body>, url: &str, from: u64, size: Size) -> Result<Answer, SourceError> {
    let status = answer.status().as_u16();
    let text =
        |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match status {
        300..=399 => {
            let to: String =
                text("location").chars().filter(|letter| !letter.is_control()).take(200).collect();
            return Err(Refusal::RedirectElsewhere { to }.into());
        }
        404 | 410 => return Ok(Answer::Nothing),
        416 if from > 0 => return Ok(Answer::NoMore),
        200 => {}
        206 if from > 0 && is_rest(text("content-range"), from, size.most() as u64) => {}
        206 => return Err(Refusal::OtherRange.into()),
        status => return Err(SourceError::Status { url: url.to_owned(), status }),
    }
    let begins = if status == 206 { from } else { 0 };
    let body = answer.into_body();
    if body.content_length().is_some_and(|length| length > size.most() as u64 - begins) {
        return Err(size.too_long().into());
    }
    // The client's own limit would be a third kind of end; the transfer has its own.
    let reader = Box::new(body.into_with_config().limit(u64::MAX).reader());
    Ok(if from > begins { Answer::FromTheStart(reader) } else { Answer::Body(reader) })
}

/// Whether a `Content-Range` is that of the rest of a file of `size` bytes (RFC 9110, 14.4).
fn is_rest(range: &str, from: u64, size: u64) -> bool {
    let rest = format!("bytes {from}-{}/", size.saturating_sub(1));
    range.strip_prefix(&rest).is_some_and(|whole| whole == "*" || whole == size.to_string())
}

#[cfg(test)]
mod tests {
    use super::is_rest;

    #[test]
    fn a_range_is_the_rest_or_it_is_not() {
        assert!(is_rest("bytes 5-9/10", 5, 10));
        assert!(is_rest("bytes 5-9/*", 5, 10));
        for other in ["", "bytes 4-9/10", "bytes 5-8/10", "bytes 5-9/11", "bytes 5-9", "bytes */10", "5-9/10"]
        {
            assert!(!is_rest(other, 5, 10), "{other}");
        }
    }
}
