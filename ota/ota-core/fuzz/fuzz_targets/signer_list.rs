#![no_main]
//! A signer list: whatever comes is refused or read, and what is read is written as it was.

use libfuzzer_sys::fuzz_target;
use ota_core::fingerprint::Fingerprint;
use ota_core::signers::SignerList;

fuzz_target!(|bytes: &[u8]| {
    let Ok(list) = SignerList::parse(bytes) else { return };
    assert_eq!(list.to_bytes().expect("it was read"), bytes);
    let keys = |number: u8| format!("{number:02X}").repeat(20).parse::<Fingerprint>().expect("40 digits");
    let keys: Vec<_> = (0..list.signers.len()).map(|number| keys(number as u8)).collect();
    if let Ok(signers) = list.with_fingerprints(&keys) {
        assert!((1..=keys.len()).contains(&signers.threshold()));
    }
});
