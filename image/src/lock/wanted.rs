//! What the boards of an architecture want: the sum of mkosi's definitions and of the boards' own data.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::board::{self, Board};
use crate::build;

/// What is to be installed somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Debian's name of the architecture.
    pub architecture: String,
    /// The packages of each root and each initrd, by name.
    pub sets: Vec<Vec<String>>,
    /// Components of the archive beside `main`.
    pub components: Vec<String>,
}

impl Wanted {
    /// What all boards of an architecture want, and the initrd that they share.
    ///
    /// # Errors
    /// When a board or a definition cannot be read, or there is no board of the architecture.
    pub fn by_boards(repository: &Path, architecture: &str) -> Result<Self> {
        let definition = repository.join("image/mkosi");
        let base = packages_of(&definition.join("mkosi.conf"))?;
        let mut sets = vec![packages_of(&definition.join("mkosi.images/initrd/mkosi.conf"))?];
        let mut components = BTreeSet::new();
        for name in board::names(repository)? {
            let board = Board::read(repository, &name)?;
            if board.architecture.debian() == architecture {
                sets.push(base.iter().cloned().chain(build::packages(&board)).collect());
                components.extend(board.software.components);
            }
        }
        ensure!(sets.len() > 1, "no board has the architecture {architecture}");
        Ok(Self { architecture: architecture.to_owned(), sets, components: components.into_iter().collect() })
    }
}

fn packages_of(file: &Path) -> Result<Vec<String>> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let packages = listed(&text);
    ensure!(!packages.is_empty(), "{} has no Packages=", file.display());
    Ok(packages)
}

/// The values of `Packages=` in a definition: on its line, and on indented ones below.
fn listed(definition: &str) -> Vec<String> {
    let mut within = false;
    let mut packages = Vec::new();
    for line in definition.lines().filter(|line| !line.trim_start().starts_with(['#', ';'])) {
        let values = if let Some(values) = line.strip_prefix("Packages=") {
            within = true;
            values
        } else if line.starts_with([' ', '\t']) {
            line
        } else {
            within = false;
            continue;
        };
        if within {
            packages.extend(values.split_whitespace().map(str::to_owned));
        }
    }
    packages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_listed_on_their_line_and_below() {
        let text = "[Content]\nPackages=a b\n  # not c\n  d\n\te\nRemoveFiles=\n  /x\nPackages=f\n";
        assert_eq!(listed(text), ["a", "b", "d", "e", "f"]);
    }

    #[test]
    fn every_board_of_the_checkout_is_in() {
        let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let wanted = Wanted::by_boards(checkout, "amd64").unwrap();
        let kernels: Vec<_> =
            wanted.sets.iter().flatten().filter(|name| name.starts_with("linux-image-")).cloned().collect();
        assert_eq!(kernels, ["linux-image-amd64", "linux-image-cloud-amd64"]);
        assert_eq!(wanted.components, ["non-free-firmware"]);
        let initrd = &wanted.sets[0];
        assert!(
            initrd.contains(&"libc6".to_owned()) && !initrd.contains(&"bitcoind".to_owned()),
            "{initrd:?}"
        );
        let error = Wanted::by_boards(checkout, "s390x").unwrap_err();
        assert_eq!(error.to_string(), "no board has the architecture s390x");
    }
}
