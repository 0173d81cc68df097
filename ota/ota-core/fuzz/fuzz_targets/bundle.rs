#![no_main]
//! The entries of a bundle: whatever is named, nothing that leads elsewhere is taken.

use libfuzzer_sys::fuzz_target;
use ota_core::bundle::{Bundle, EntryKind};

fuzz_target!(|entries: Vec<(&str, u8, u64)>| {
    let mut bundle = Bundle::default();
    for (name, kind, size) in entries {
        let kind = match kind % 8 {
            0 => EntryKind::Link,
            1 => EntryKind::Device,
            _ => EntryKind::File,
        };
        if bundle.entry(name, kind, size).is_ok() {
            assert_eq!(kind, EntryKind::File);
            assert!(!name.starts_with('/') && !name.contains("..") && !name.contains('\\'), "{name:?}");
        }
    }
    let _ = bundle.end();
});
