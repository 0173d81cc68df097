//! What can go wrong, each as one line with what to do next.

use std::path::PathBuf;

use reqwest::Url;
use serde::Deserialize;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The box says no.
    #[error("{}", .0.line())]
    Refused(Box<Problem>),
    /// Nobody answers at the address.
    #[error(
        "cannot reach the box at {address}: {reason}. On a developer's machine `make run` starts it; \
         for a box elsewhere give --url or set ANYA_URL"
    )]
    Unreachable { address: Url, reason: String },
    /// Somebody answers who is not the box that this computer knows.
    #[error(
        "the certificate at {address} is not of the box that this computer knows ({reason}). If the box was \
         set up anew, run `anya login` and compare its fingerprint with the console; otherwise somebody may \
         sit in between"
    )]
    Untrusted { address: Url, reason: String },
    /// There is nothing yet to check the box's certificate against.
    #[error(
        "this computer does not know the box at {address} yet: run `anya login` (`anya claim` for a new box), \
         or give its authority with --ca-file"
    )]
    Unknown { address: Url },
    /// The first contact needs somebody who compares.
    #[error(
        "nobody is here to compare the certificate of {address} with the console: run this in a terminal, or \
         give --ca-fingerprint or --ca-file"
    )]
    NobodyCompares { address: Url },
    /// The certificate is not the one that was asked for.
    #[error("the certificate of {address} has the fingerprint {found}, not the one given: somebody may sit in between")]
    OtherFingerprint { address: Url, found: String },
    /// The person says that the words differ.
    #[error("stopped: the words are not the same, so that is not the box, or somebody sits in between")]
    WordsDiffer,
    /// The answer is none that this program understands.
    #[error("the answer of {address} is not one of an Anya Box ({reason}); is the address right?")]
    Odd { address: Url, reason: String },
    /// The connection broke in the middle of an answer.
    #[error("the connection to the box broke in the middle of its answer: {0}")]
    Broken(String),
    /// The model stopped in the middle of its answer.
    #[error("the model stopped in the middle of its answer: {0}")]
    Generation(String),
    /// A file on this computer.
    #[error("cannot {operation} {}: {source}", path.display())]
    File { operation: &'static str, path: PathBuf, source: std::io::Error },
    /// A file that has not what it should have.
    #[error("{} is not {expected}", path.display())]
    Malformed { path: PathBuf, expected: &'static str },
    /// What was typed.
    #[error("cannot read {what}: {source}")]
    Input { what: &'static str, source: std::io::Error },
    /// An argument that only this command can judge.
    #[error("{0}")]
    Argument(String),
    /// Neither a home nor a configuration folder.
    #[error("no folder for settings: set HOME or XDG_CONFIG_HOME")]
    NoConfigFolder,
    /// The output is closed.
    #[error("the output is closed")]
    OutputClosed,
    /// The output cannot be written.
    #[error("cannot write the output: {0}")]
    Output(std::io::Error),
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Self::OutputClosed,
            _ => Self::Output(error),
        }
    }
}

/// A failure as the box tells it (RFC 9457 and the box's own members).
#[derive(Debug, Deserialize)]
pub(crate) struct Problem {
    title: String,
    pub(crate) status: u16,
    #[serde(default)]
    detail: String,
    #[serde(default)]
    next: String,
    #[serde(default)]
    request_id: String,
    #[serde(default)]
    errors: Vec<FieldError>,
}

#[derive(Debug, Deserialize)]
struct FieldError {
    field: String,
    reason: String,
}

impl Problem {
    /// Title, detail, what is wrong with which field unless the detail says it, and what to do next.
    fn line(&self) -> String {
        let mut parts = vec![format!("{}:", self.title.trim_end_matches('.'))];
        if !self.detail.is_empty() {
            parts.push(sentence(&self.detail));
        }
        for error in &self.errors {
            if !self.detail.contains(&error.reason) {
                parts.push(sentence(&format!("`{}` {}", error.field, error.reason)));
            }
        }
        if !self.next.is_empty() {
            parts.push(sentence(&self.next));
        }
        if self.status == 401 {
            parts.push("`anya login` signs this computer in.".into());
        }
        if !self.request_id.is_empty() {
            parts.push(format!("(request {})", self.request_id));
        }
        parts.join(" ").replace('\n', " ")
    }
}

fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(json: &str) -> String {
        serde_json::from_str::<Problem>(json).unwrap().line()
    }

    #[test]
    fn a_problem_is_one_line_with_its_fields_and_the_cure() {
        let told = line(
            r#"{"title":"The request is not valid","status":400,"detail":"Two fields are wrong.","next":"Correct them",
            "request_id":"r-1","errors":[{"field":"label","reason":"is 300 characters long"},{"field":"x","reason":"is unknown"}]}"#,
        );
        assert_eq!(
            told,
            "The request is not valid: Two fields are wrong. `label` is 300 characters long. `x` is unknown. \
             Correct them. (request r-1)"
        );
    }

    #[test]
    fn what_the_detail_says_is_not_said_twice() {
        let told = line(r#"{"title":"T","status":400,"detail":"`label` is empty","errors":[{"field":"label","reason":"is empty"}]}"#);
        assert_eq!(told, "T: `label` is empty.");
    }
}
