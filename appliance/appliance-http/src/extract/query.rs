//! Query strings, read strictly: a parameter that is not known, is there twice or does not fit is
//! refused by name.

use std::ops::RangeInclusive;

use axum::http::Uri;

use crate::problem::{Problem, ProblemResult};

/// The parameters of one request.
#[derive(Debug)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// The parameters of an address; only those named in `known` may be there.
    pub(crate) fn parse(uri: &Uri, known: &[&str]) -> ProblemResult<Self> {
        let pairs = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(uri)
            .map_err(|_| Problem::field("", "is a query string that cannot be read"))?
            .0;
        for (index, (name, _)) in pairs.iter().enumerate() {
            if !known.contains(&name.as_str()) {
                let shown: String = name.chars().take(64).collect();
                return Err(Problem::field(shown, unknown(known)));
            }
            if pairs[..index].iter().any(|(earlier, _)| earlier == name) {
                return Err(Problem::field(name, "is there twice"));
            }
        }
        Ok(Self(pairs))
    }

    /// A parameter as it is.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// A whole number within a range.
    pub(crate) fn number(&self, name: &str, range: RangeInclusive<u32>, default: u32) -> ProblemResult<u32> {
        let Some(text) = self.text(name) else { return Ok(default) };
        text.parse().ok().filter(|n| range.contains(n)).ok_or_else(|| {
            let (low, high) = (range.start(), range.end());
            Problem::field(name, format!("has to be a whole number from {low} to {high}"))
        })
    }

    /// One of a few names.
    pub(crate) fn choice<T: Copy>(&self, name: &str, choices: &[(&str, T)], default: T) -> ProblemResult<T> {
        let Some(text) = self.text(name) else { return Ok(default) };
        choices.iter().find(|(n, _)| *n == text).map(|(_, value)| *value).ok_or_else(|| {
            let names: Vec<_> = choices.iter().map(|(n, _)| format!("`{n}`")).collect();
            Problem::field(name, format!("has to be one of {}", names.join(", ")))
        })
    }
}

fn unknown(known: &[&str]) -> String {
    if known.is_empty() {
        return "is not a parameter that is known here; none is".to_owned();
    }
    let known: Vec<_> = known.iter().map(|n| format!("`{n}`")).collect();
    format!("is not a parameter that is known here; known are {}", known.join(", "))
}
