//! Changes a table, one copy after the other.

use uuid::Uuid;

use super::entry;
use super::error::{GptError, Which};
use super::medium::Medium;
use super::table::find;

/// What becomes of a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its number on the disk, from 1 on.
    pub number: u32,
    /// What it is known by from then on; `None` leaves that as it is.
    pub uuid: Option<Uuid>,
    /// What it is called from then on.
    pub label: String,
}

/// Changes partitions, all of them or none. When it returns, both copies of the table are on the medium.
///
/// # Errors
/// There is no table that is whole, or no such partition; or the disk fails. A table that is whole is on the disk in
/// any case.
pub fn change(medium: &mut impl Medium, changes: &[Change]) -> Result<(), GptError> {
    // What is judged is what the medium has.
    medium.flush().map_err(GptError::Flush)?;
    let (from, old) = find(medium)?;
    let mut new = old.clone();
    for change in changes {
        let entry = new.entry(change.number)?;
        entry::set_label(entry, &change.label)?;
        if let Some(uuid) = change.uuid {
            entry::set_uuid(entry, uuid);
        }
    }
    let sectors = medium.sectors();
    if from == Which::Backup {
        // It is the only copy that is whole: nothing may be written over it yet.
        old.placed(Which::Primary, from, sectors).put(medium, Which::Primary)?;
    }
    new.placed(Which::Backup, from, sectors).put(medium, Which::Backup)?;
    new.placed(Which::Primary, from, sectors).put(medium, Which::Primary)
}
