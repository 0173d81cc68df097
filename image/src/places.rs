//! Where things lie: the checkout that is built, and the cache that holds what was made.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The checkout and the cache.
#[derive(Clone, Debug)]
pub struct Places {
    repository: PathBuf,
    cache: PathBuf,
}

impl Places {
    /// Finds the checkout from the working folder upwards (the folder that holds `board-configs`), and
    /// the cache as the XDG base directory specification names it.
    ///
    /// # Errors
    /// When the working folder is in no checkout, or there is no home folder.
    pub fn find() -> Result<Self> {
        let here = std::env::current_dir().context("there is no working folder")?;
        let repository = here
            .ancestors()
            .find(|folder| folder.join("board-configs").is_dir())
            .context("this is no checkout of Anya Box: no folder `board-configs` here or above")?;
        let base = match std::env::var_os("XDG_CACHE_HOME").filter(|set| !set.is_empty()) {
            Some(cache) => PathBuf::from(cache),
            None => PathBuf::from(std::env::var_os("HOME").context("HOME is not set")?).join(".cache"),
        };
        Ok(Self { repository: repository.to_owned(), cache: base.join("anya-box") })
    }

    /// The checkout.
    #[must_use]
    pub fn repository(&self) -> &Path {
        &self.repository
    }

    /// Everything that `make` and the tools keep between builds.
    #[must_use]
    pub fn cache(&self) -> &Path {
        &self.cache
    }

    /// What this tool keeps: the tools tree, keys, packages, and a folder for each board.
    #[must_use]
    pub fn images(&self) -> PathBuf {
        self.cache.join("image")
    }

    /// The newest image of a board.
    #[must_use]
    pub fn board(&self, board: &str) -> PathBuf {
        self.images().join(board)
    }
}
