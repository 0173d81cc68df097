//! Asking the person at the terminal. Questions go to standard error, so that output stays clean.

use std::io::{IsTerminal, Write};

use crate::failure::Failure;

/// Whether somebody is there to answer.
pub(crate) fn somebody_is_here() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// One line. `what` is the question and names the answer in an error.
pub(crate) fn ask(what: &'static str) -> Result<String, Failure> {
    write!(std::io::stderr(), "{what}: ")?;
    line(what)
}

/// One line that is not shown.
pub(crate) fn ask_secretly(what: &'static str) -> Result<String, Failure> {
    rpassword::prompt_password(format!("{what}: ")).map_err(|source| Failure::Input { what, source })
}

/// A line of standard input, without its end.
pub(crate) fn line(what: &'static str) -> Result<String, Failure> {
    let mut line = String::new();
    let read = std::io::stdin().read_line(&mut line).map_err(|source| Failure::Input { what, source })?;
    if read == 0 {
        let source = std::io::Error::new(std::io::ErrorKind::UnexpectedEof, "the input ended");
        return Err(Failure::Input { what, source });
    }
    Ok(line.trim_end_matches(['\n', '\r']).to_owned())
}
