//! What the rescue system does to the counters, and when it may do so again.

use super::super::entry::{EntryName, TRIES, Tries};
use super::super::loader::LoaderError;
use super::{BootFolder, SystemdBoot};
use crate::version::Version;

impl<F: BootFolder> SystemdBoot<F> {
    /// For the rescue system, before it shows anything: every slot without a try gets one more, unless it
    /// had that before. Returns the versions that got one: when there are any, restart; when there are none,
    /// say so to the owner and stay.
    ///
    /// # Errors
    /// The folder.
    pub fn last_chance(&mut self) -> Result<Vec<Version>, LoaderError> {
        let due = |tries: Tries| tries.left == 0 && !had_last_chance(tries);
        self.set_tries(|tries| due(tries).then_some(Tries { left: 1, ..tries }))
    }

    /// For the rescue system, when the owner asks for it: every slot gets all its tries. Returns the
    /// versions.
    ///
    /// # Errors
    /// The folder.
    pub fn try_all_again(&mut self) -> Result<Vec<Version>, LoaderError> {
        // By way of a name to which no counting leads, as when the other system is preferred.
        self.set_tries(|_| Some(Tries::NONE))?;
        self.set_tries(|_| Some(Tries::ALL))
    }

    fn set_tries(&mut self, new: impl Fn(Tries) -> Option<Tries>) -> Result<Vec<Version>, LoaderError> {
        let mut versions = Vec::new();
        for entry in self.entries()? {
            let Some(tries) = entry.tries.and_then(&new) else { continue };
            // A name that there is already is of the same file, which a rename over it would damage.
            let renamed = EntryName { version: entry.version.clone(), tries: Some(tries) };
            if !self.entries()?.contains(&renamed) {
                self.rename(&entry, Some(tries))?;
            }
            versions.push(entry.version);
        }
        self.sync()?;
        Ok(versions)
    }

    /// A system stays up: should it die one day, the other slot may have its last chance once more.
    pub(super) fn allow_last_chance(&mut self) -> Result<(), LoaderError> {
        let had = |tries: Tries| tries.left == 0 && had_last_chance(tries);
        if self.entries()?.iter().any(|entry| entry.tries.is_some_and(had)) {
            self.set_tries(|tries| had(tries).then_some(Tries { left: 0, done: TRIES }))?;
        }
        Ok(())
    }
}

/// More tries were made than are given at first.
fn had_last_chance(tries: Tries) -> bool {
    tries.done > TRIES
}
