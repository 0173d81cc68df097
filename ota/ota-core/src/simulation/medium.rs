//! What is on the medium of a folder of FAT: names, and the chains of clusters that they stand for.
//!
//! FAT keeps both apart, and nothing keeps them in step when the power goes. So two names may stand for one chain, and
//! a name for a chain that the table calls free; what is written next takes such clusters, as that is the worst case.
//!
//! Limits: a rename over another file leaves one of both contents, each with a name of its own or none.

use std::collections::{BTreeMap, BTreeSet};

/// What is read of a chain that is free.
const NOT_WHOLE: &[u8] = b"not whole";

/// Something that a program did.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Write { name: String, content: Vec<u8> },
    Rename { from: String, to: String },
    Remove { name: String },
}

#[derive(Clone, Debug, Default)]
pub(super) struct Medium {
    /// The chain of each name.
    names: BTreeMap<String, usize>,
    chains: Vec<Vec<u8>>,
    /// The chains that the table calls free.
    free: BTreeSet<usize>,
}

impl Medium {
    pub(super) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let content = |chain: &usize| match self.free.contains(chain) {
            true => NOT_WHOLE.to_vec(),
            false => self.chains[*chain].clone(),
        };
        self.names.iter().map(|(name, chain)| (name.clone(), content(chain))).collect()
    }

    /// All of a change is on the medium.
    pub(super) fn apply(&mut self, change: Change) {
        match change {
            Change::Write { name, content } => {
                self.release(&name);
                let chain = self.allocate();
                self.chains[chain] = content;
                self.names.insert(name, chain);
            }
            Change::Rename { from, to } => {
                if let Some(chain) = self.names.remove(&from) {
                    self.release(&to);
                    self.names.insert(to, chain);
                }
            }
            Change::Remove { name } => self.release(&name),
        }
    }

    /// Any part of changes is on the medium, in any combination; `chance` chooses. Returns the rest of the chance.
    pub(super) fn tear(&mut self, changes: Vec<Change>, mut chance: u64) -> u64 {
        let mut dirty = Vec::new();
        for change in changes {
            let draw = chance & 7;
            chance = chance.rotate_right(3);
            match change {
                Change::Write { name, content } => {
                    dirty.push(name.clone());
                    self.tear_write(name, content, draw);
                }
                // Of what was not synced, the new name may come without its content, or with half of it.
                Change::Rename { from, to } if dirty.contains(&from) => {
                    if draw > 1 {
                        if let Some(&chain) = self.names.get(&from) {
                            let content = &mut self.chains[chain];
                            content.truncate(content.len() * (draw as usize - 2).min(2) / 2);
                        }
                        self.apply(Change::Rename { from, to: to.clone() });
                        dirty.push(to);
                    }
                }
                Change::Rename { from, to } => self.tear_rename(from, to, draw),
                Change::Remove { name } => self.tear_remove(name, draw),
            }
        }
        chance
    }

    fn tear_write(&mut self, name: String, content: Vec<u8>, draw: u64) {
        let length = match draw {
            0 | 1 => return,
            2 => 0,
            3 => content.len() / 2,
            _ => content.len(),
        };
        self.apply(Change::Write { name: name.clone(), content: content[..length].to_vec() });
        if draw == 4 {
            self.free.insert(self.names[&name]);
        }
    }

    /// A rename of a file whose content was synced: both records of the folder, either or none.
    pub(super) fn tear_rename(&mut self, from: String, to: String, draw: u64) {
        let Some(&chain) = self.names.get(&from) else { return };
        match (draw, self.names.contains_key(&to)) {
            (0 | 1, _) => {}
            (2, false) => {
                self.names.insert(to, chain);
            }
            (2 | 3, _) => {
                self.names.remove(&from);
            }
            _ => self.apply(Change::Rename { from, to }),
        }
    }

    /// The record may stay although the chain is free.
    fn tear_remove(&mut self, name: String, draw: u64) {
        match (draw, self.names.get(&name)) {
            (0 | 1, _) | (_, None) => {}
            (2, Some(&chain)) => {
                self.free.insert(chain);
            }
            _ => self.apply(Change::Remove { name }),
        }
    }

    /// What `fsck.fat -a` does: of the names of one chain the first keeps it; the others, and those of a free chain,
    /// have no content from then on.
    pub(super) fn repair(&mut self) {
        let mut kept = std::mem::take(&mut self.free);
        for chain in self.names.values_mut() {
            if !kept.insert(*chain) {
                self.chains.push(Vec::new());
                *chain = self.chains.len() - 1;
            }
        }
    }

    /// A name goes, and its chain with it, whoever else stands for that.
    fn release(&mut self, name: &str) {
        let chain = self.names.remove(name);
        self.free.extend(chain.filter(|chain| self.names.values().any(|other| other == chain)));
    }

    fn allocate(&mut self) -> usize {
        let named = self.free.iter().copied().find(|chain| self.names.values().any(|other| other == chain));
        let chain = named.unwrap_or(self.chains.len());
        self.free.remove(&chain);
        self.chains.resize(self.chains.len().max(chain + 1), Vec::new());
        chain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn medium(names: &[(&str, usize)]) -> Medium {
        let names = names.iter().map(|(name, chain)| ((*name).to_owned(), *chain)).collect();
        Medium { names, chains: vec![b"kernel".to_vec(), b"other".to_vec()], free: BTreeSet::new() }
    }

    fn shown(medium: &Medium) -> Vec<(String, String)> {
        let text = |content: Vec<u8>| String::from_utf8(content).unwrap();
        medium.files().into_iter().map(|(name, content)| (name, text(content))).collect()
    }

    fn pairs(files: &[(&str, &str)]) -> Vec<(String, String)> {
        files.iter().map(|(name, content)| ((*name).to_owned(), (*content).to_owned())).collect()
    }

    #[test]
    fn a_rename_that_is_torn_leaves_either_name_both_or_none() {
        let mut outcomes: Vec<_> = (0..8)
            .map(|chance| {
                let mut medium = medium(&[("a", 0)]);
                medium.tear(vec![Change::Rename { from: "a".into(), to: "b".into() }], chance);
                medium.files().into_keys().collect::<Vec<_>>().concat()
            })
            .collect();
        outcomes.sort();
        outcomes.dedup();
        assert_eq!(outcomes, ["", "a", "ab", "b"]);
    }

    #[test]
    fn of_two_names_of_one_content_none_can_be_removed_before_the_check() {
        let two = medium(&[("a", 0), ("b", 0)]);
        let mut damaged = two.clone();
        damaged.apply(Change::Remove { name: "a".into() });
        assert_eq!(shown(&damaged), pairs(&[("b", "not whole")]));
        let mut checked = two;
        checked.repair();
        assert_eq!(shown(&checked), pairs(&[("a", "kernel"), ("b", "")]));
        checked.apply(Change::Remove { name: "b".into() });
        assert_eq!(shown(&checked), pairs(&[("a", "kernel")]));
    }

    #[test]
    fn what_is_written_beside_a_stale_file_may_share_its_clusters() {
        let mut medium = medium(&[("stale", 0)]);
        medium.tear(vec![Change::Remove { name: "stale".into() }], 2);
        let new = Change::Write { name: "new".into(), content: b"new".to_vec() };
        let mut checked = medium.clone();
        checked.repair();
        for medium in [&mut medium, &mut checked] {
            medium.apply(new.clone());
            medium.apply(Change::Remove { name: "stale".into() });
        }
        assert_eq!(shown(&checked), pairs(&[("new", "new")]));
        assert_eq!(shown(&medium), pairs(&[("new", "not whole")]));
    }
}
