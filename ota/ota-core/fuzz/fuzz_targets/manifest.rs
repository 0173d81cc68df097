#![no_main]
//! A manifest: whatever comes is refused or read, and what is read is written as it was.

use libfuzzer_sys::fuzz_target;
use ota_core::manifest::Manifest;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(manifest) = Manifest::parse(bytes) {
        assert_eq!(manifest.to_bytes().expect("it was read"), bytes);
    }
});
