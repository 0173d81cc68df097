//! Replacing a document and its signatures, which are two files, so that whoever reads finds a document with
//! signatures that are enough for it.
//!
//! Two files cannot be renamed at once (systemd's issue 38774 is such a race). But signatures that do not
//! count do not harm either ([`ota_core::trust::count`]), so three steps do, each of them one rename:
//!
//! 1. the signatures become those of the new document *and* those of the old one,
//! 2. the document becomes the new one: the moment of publishing,
//! 3. the signatures of the old document go, so that `gpg --verify` has none to complain of.
//!
//! After a cut between any two of them either the old or the new release is whole; running the command again
//! does the rest.

use ota_core::{layout, limits};

use crate::error::{ReleaseError, Result};
use crate::repository::{Document, Repository};

/// A file to be put in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its path in the repository.
    pub path: String,
    /// Its content.
    pub content: Vec<u8>,
}

impl Step {
    /// Does it.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn take(&self, repository: &Repository) -> Result<()> {
        repository.put(&self.path, &self.content)
    }
}

/// The steps that put `new` into the place `path`.
///
/// # Errors
/// The signatures that are there cannot be read, or are too many to stand beside the new ones.
pub fn steps(repository: &Repository, path: &str, new: &Document) -> Result<Vec<Step>> {
    let signatures = layout::signatures(path);
    let before = repository.read(&signatures, limits::SIGNATURES)?.unwrap_or_default();
    let of_old = before.strip_prefix(new.signatures.as_slice()).unwrap_or(&before);
    let both = [new.signatures.as_slice(), of_old].concat();
    if both.len() > limits::SIGNATURES {
        let why = format!("together with the new ones they are longer than {} bytes", limits::SIGNATURES);
        return Err(ReleaseError::Unusable { subject: signatures, why });
    }
    let mut steps = vec![
        Step { path: signatures.clone(), content: both },
        Step { path: path.to_owned(), content: new.bytes.clone() },
    ];
    if !of_old.is_empty() {
        steps.push(Step { path: signatures, content: new.signatures.clone() });
    }
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A document whose signatures name it: `old` is signed by `<old>`.
    fn document(name: &str) -> Document {
        let signatures = format!("<{name}>").into_bytes();
        Document { path: "staged".to_owned(), bytes: name.as_bytes().to_vec(), signatures }
    }

    fn read(repository: &Repository, path: &str) -> String {
        String::from_utf8(repository.read(path, 1000).unwrap().unwrap_or_default()).unwrap()
    }

    fn assert_whole(repository: &Repository) {
        let (document, signatures) = (read(repository, "m"), read(repository, "m.sig"));
        assert!(signatures.contains(&format!("<{document}>")), "{document} with {signatures}");
    }

    #[test]
    fn a_cut_after_any_step_leaves_a_whole_release_and_the_next_run_ends_it() {
        for cut in 0..=3 {
            let folder = tempfile::tempdir().unwrap();
            let repository = Repository::open(folder.path()).unwrap();
            for step in steps(&repository, "m", &document("old")).unwrap() {
                step.take(&repository).unwrap();
            }
            for step in steps(&repository, "m", &document("new")).unwrap().iter().take(cut) {
                step.take(&repository).unwrap();
                assert_whole(&repository);
            }
            assert_whole(&repository);
            for step in steps(&repository, "m", &document("new")).unwrap() {
                step.take(&repository).unwrap();
                assert_whole(&repository);
            }
            assert_eq!((read(&repository, "m"), read(&repository, "m.sig")), ("new".into(), "<new>".into()));
        }
    }

    #[test]
    fn the_signatures_of_a_first_document_come_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let repository = Repository::open(folder.path()).unwrap();
        let steps = steps(&repository, "m", &document("new")).unwrap();
        assert_eq!(steps.iter().map(|step| step.path.as_str()).collect::<Vec<_>>(), ["m.sig", "m"]);
    }
}
