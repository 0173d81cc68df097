//! The signer lists of a repository: those that boxes follow, one after another, and the next one.

use ota_core::signers::SignerList;
use ota_core::{layout, limits};

use super::{Document, Repository};
use crate::error::{ReleaseError, Result};

/// Where the next list waits for its signatures.
pub(crate) const NEXT_SIGNERS: &str = "signers/next.json";

/// A signer list and its document.
#[derive(Clone, Debug)]
pub struct ListedSigners {
    /// What the document says.
    pub list: SignerList,
    /// The document.
    pub document: Document,
}

impl Repository {
    /// The published lists, from the first on; at least one.
    ///
    /// # Errors
    /// There is none, so that nothing can be believed; or one cannot be used.
    pub fn signer_lists(&self) -> Result<Vec<ListedSigners>> {
        let lists = self.published()?;
        if lists.is_empty() {
            return Err(ReleaseError::Missing {
                what: format!("the signer list of {}", self.root().display()),
                cure: "`ota-release rotate --add NAME=FILE` makes the first one, `rotate --publish` publishes it",
            });
        }
        Ok(lists)
    }

    /// The list that is current; none before the first one is published.
    ///
    /// # Errors
    /// One cannot be used.
    pub fn newest_signers(&self) -> Result<Option<ListedSigners>> {
        Ok(self.published()?.pop())
    }

    fn published(&self) -> Result<Vec<ListedSigners>> {
        let mut lists = Vec::new();
        while let Some(listed) = self.signers_at(&layout::signer_list(lists.len() as u64 + 1))? {
            let expected = lists.len() as u64 + 1;
            if listed.list.version != expected {
                let reason =
                    ota_core::trust::Refusal::SignersNotConsecutive { expected, found: listed.list.version };
                return Err(ReleaseError::refused(&listed.document.path)(reason));
            }
            lists.push(listed);
        }
        Ok(lists)
    }

    /// The list that waits for its signatures. One that is published is none, though an interrupted
    /// publication has left it there.
    ///
    /// # Errors
    /// It cannot be used.
    pub fn next_signers(&self) -> Result<Option<ListedSigners>> {
        let next = self.signers_at(NEXT_SIGNERS)?;
        let newest = self.newest_signers()?.map(|listed| listed.document.bytes);
        Ok(next.filter(|next| newest.as_ref() != Some(&next.document.bytes)))
    }

    fn signers_at(&self, path: &str) -> Result<Option<ListedSigners>> {
        let Some(document) = self.document(path, limits::SIGNER_LIST)? else { return Ok(None) };
        let list = SignerList::parse(&document.bytes).map_err(ReleaseError::document(path))?;
        Ok(Some(ListedSigners { list, document }))
    }
}
