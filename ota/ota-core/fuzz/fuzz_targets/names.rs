#![no_main]
//! Names that a boot partition holds, and what else is a word of its own: what is read is written as it was.

use libfuzzer_sys::fuzz_target;
use ota_core::identifier::Identifier;
use ota_core::slots::entry::EntryName;
use ota_core::slots::tryboot;
use ota_core::version::Version;

fuzz_target!(|text: &str| {
    if let Some(entry) = EntryName::parse(text) {
        assert_eq!(EntryName::parse(&entry.to_string()), Some(entry));
    }
    if let Ok(version) = text.parse::<Version>() {
        assert_eq!(version.to_string(), text);
        assert_eq!(Version::from_loader_form(&version.loader_form()), Ok(version));
    }
    if let Ok(name) = text.parse::<Identifier>() {
        assert_eq!(name.as_str(), text);
    }
    if let Some(slot) = tryboot::default_slot(text.as_bytes()) {
        assert_eq!(tryboot::default_slot(tryboot::autoboot(slot).as_bytes()), Some(slot));
    }
});
