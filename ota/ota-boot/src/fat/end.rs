//! Free room at a folder's end.

use std::os::unix::fs::FileExt;

use super::{FOLDER_CLUSTERS, Fat, FatError, RECORD, first_cluster, padded, read};

/// What the first byte of a record says that was never used, or whose file was removed.
const NEVER_USED: u8 = 0;
const REMOVED: u8 = 0xe5;
/// The attribute of a folder.
const FOLDER: u8 = 0x10;

impl Fat<'_> {
    /// Marks what follows the last name of a folder, such as `EFI/Linux`, as never used.
    ///
    /// Firmware that adds a name, as it does at each start that is counted, passes over the places of removed ones (EDK
    /// II, `FatPkg`). So the folder would grow again and again; and while it grows there is a moment in which a power
    /// cut makes all of it unreadable for the firmware, as its table of clusters lies in two sectors.
    ///
    /// Whatever of this reaches the disk, sector by sector, is right. Nobody may change the folder meanwhile.
    ///
    /// # Errors
    /// A folder of the path is not there, the folder is damaged or has too many clusters, or what the disk says.
    pub fn free_end(&self, path: &str) -> Result<(), FatError> {
        let folder = path.split('/').try_fold(self.folder, |folder, name| self.folder_in(folder, name))?;
        let clusters = self.clusters_from(folder, FOLDER_CLUSTERS)?;
        if !clusters.are_all {
            return Err(FatError::LongFolder);
        }
        for number in clusters.numbers.iter().rev() {
            let mut records = vec![0; self.cluster];
            read(self.file, &mut records, self.place(*number))?;
            let is_in_use = |record: &[u8]| ![NEVER_USED, REMOVED].contains(&record[0]);
            let used =
                records.chunks_exact(RECORD).rposition(is_in_use).map_or(0, |last| (last + 1) * RECORD);
            let end = &mut records[used..];
            if end.iter().any(|byte| *byte != 0) {
                end.fill(0);
                self.file.write_all_at(end, self.place(*number) + used as u64).map_err(FatError::Write)?;
            }
            if used > 0 {
                break;
            }
        }
        self.file.sync_data().map_err(FatError::Write)
    }

    fn folder_in(&self, folder: u32, name: &str) -> Result<u32, FatError> {
        let records = self.chain(folder, FOLDER_CLUSTERS)?;
        // Whatever its letters, the short name is in capitals.
        let name = padded(&name.to_ascii_uppercase());
        let is_meant = |record: &&[u8]| record[..11] == name && record[11] & FOLDER != 0;
        records.chunks_exact(RECORD).find(is_meant).map(first_cluster).ok_or(FatError::NoFile)
    }
}

#[cfg(test)]
mod tests;
