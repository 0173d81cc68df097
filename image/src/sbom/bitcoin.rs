//! Bitcoin Core: the program, and the line beside it that says where it comes from.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::{Component, HashEntry, Kind, Property};
use crate::lock::sha256_of;

/// Bitcoin Core as the image has it; nothing when it has none.
///
/// # Errors
/// When the program is there and the line is not.
pub fn component(stage: &Path) -> Result<Option<Component>> {
    let program = stage.join("usr/bin/bitcoind");
    if !program.exists() {
        return Ok(None);
    }
    let file = stage.join("usr/lib/anya/bitcoind.SOURCE");
    let source = fs::read_to_string(&file)
        .with_context(|| format!("cannot read {}, which says where bitcoind comes from", file.display()))?;
    let source = source.trim();
    let mut component =
        Component::plain(Kind::Application, "Bitcoin Core", version(source), "anya:bitcoin-core".to_owned());
    component.description = Some(source.to_owned());
    component.license = Some("MIT".to_owned());
    component.hashes.push(HashEntry::sha256(sha256_of(&program)?));
    component.properties.push(Property::new("path", "/usr/bin/bitcoind"));
    Ok(Some(component))
}

/// The version of Bitcoin Core that the line names, such as in `Bitcoin Core 30.0, …`. A build from the
/// crate libbitcoinkernel-sys names only the crate's.
fn version(source: &str) -> Option<&str> {
    let version = source.strip_prefix("Bitcoin Core ")?.split([' ', ',']).next()?;
    let version = version.trim_start_matches('v');
    version.starts_with(|first: char| first.is_ascii_digit()).then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_core_s_own() {
        assert_eq!(version("Bitcoin Core 30.1, release of bitcoincore.org"), Some("30.1"));
        assert_eq!(version("Bitcoin Core v29.0 (signed by 5 builders)"), Some("29.0"));
        assert_eq!(
            version("Bitcoin Core, built from the source in the crate libbitcoinkernel-sys 0.4.1"),
            None
        );
    }
}
