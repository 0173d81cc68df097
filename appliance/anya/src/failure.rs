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
        "cannot reach the box at {}: {reason}. On a developer's machine `make run` starts it; \
         for a box elsewhere give --url or set ANYA_URL",
        shown(address)
    )]
    Unreachable { address: Url, reason: String },
    /// Somebody answers who is not the box that this computer knows.
    #[error(
        "the certificate at {} is not of the box that this computer knows ({reason}). If the box was \
         set up anew, run `anya login` and compare its fingerprint with the console; otherwise somebody may \
         sit in between",
        shown(address)
    )]
    Untrusted { address: Url, reason: String },
    /// There is nothing yet to check the box's certificate against.
    #[error(
        "this computer does not know the box at {} yet: run `anya login` (`anya claim` for a new box), \
         or give its authority with --ca-file",
        shown(address)
    )]
    Unknown { address: Url },
    /// The first contact needs somebody who compares.
    #[error(
        "nobody is here to compare the certificate of {} with the console: run this in a terminal, or \
         give --ca-fingerprint or --ca-file",
        shown(address)
    )]
    NobodyCompares { address: Url },
    /// The certificate is not the one that was asked for.
    #[error(
        "the certificate of {} has the fingerprint {found}, not the one given: somebody may sit in between",
        shown(address)
    )]
    OtherFingerprint { address: Url, found: String },
    /// The person says that the words differ.
    #[error("stopped: the words are not the same, so that is not the box, or somebody sits in between")]
    WordsDiffer,
    /// The answer is none that this program understands.
    #[error("the answer of {} is not one of an Anya Box ({reason}); is the address right?", shown(address))]
    Odd { address: Url, reason: String },
    /// The box's answer has another shape, as of another version.
    #[error("the box's answer is not as this program expects it ({0}); are both of the same version?")]
    OtherShape(serde_json::Error),
    /// The connection broke in the middle of an answer.
    #[error("the connection to the box broke in the middle of its answer: {0}")]
    Broken(String),
    /// The model stopped in the middle of its answer.
    #[error("the model stopped in the middle of its answer: {0}")]
    Generation(String),
    /// An update did not come to what was waited for.
    #[error("the update did not go through: {0}")]
    Update(String),
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

/// An address as people type it.
pub(crate) fn shown(address: &Url) -> &str {
    address.as_str().trim_end_matches('/')
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
    #[serde(default, rename = "type")]
    kind: String,
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
    /// Title, detail, what is wrong with which field, and what to do next; nothing twice.
    fn line(&self) -> String {
        let title = self.title.trim_end_matches('.');
        let mut parts = Vec::new();
        if self.detail.is_empty() || !self.detail.contains(title) {
            parts.push(format!("{title}:"));
        }
        parts.push(sentence(&self.detail));
        for error in &self.errors {
            if !self.detail.contains(&error.reason) {
                parts.push(sentence(&format!("`{}` {}", error.field, error.reason)));
            }
        }
        parts.push(sentence(&self.next));
        if self.kind.ends_with(":unauthorized") {
            parts.push("`anya login` signs this computer in.".into());
        }
        if !self.request_id.is_empty() {
            parts.push(format!("(request {})", self.request_id));
        }
        parts.retain(|part| !part.is_empty());
        parts.join(" ").replace('\n', " ")
    }
}

fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() || text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
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
    fn only_who_is_not_signed_in_is_told_to_sign_in() {
        let told = line(
            r#"{"type":"urn:anya:problem:unauthorized","title":"Not signed in","status":401,"detail":"Nobody is signed in"}"#,
        );
        assert_eq!(told, "Not signed in: Nobody is signed in. `anya login` signs this computer in.");
        let told = line(
            r#"{"type":"urn:anya:problem:wrong-credentials","title":"The password is wrong","status":401,
            "detail":"The password is wrong."}"#,
        );
        assert_eq!(told, "The password is wrong.");
    }

    #[test]
    fn what_the_detail_says_is_not_said_twice() {
        let told = line(
            r#"{"title":"T","status":400,"detail":"`label` is empty","errors":[{"field":"label","reason":"is empty"}]}"#,
        );
        assert_eq!(told, "T: `label` is empty.");
    }
}
