use std::collections::BTreeMap;

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::audit::{Actor, AuditOutcome, AuditRecord, Who};

fn record(number: i64, request_id: Option<&str>, detail: BTreeMap<String, String>) -> AuditRecord {
    AuditRecord {
        at: Timestamp::from_microsecond(1_795_000_000_000_000 + number).unwrap(),
        actor: Actor { who: Who::User("ada".into()), request_id: request_id.map(Into::into) },
        action: "key.sign",
        subject: format!("key:{number}"),
        outcome: AuditOutcome::Ok,
        detail,
    }
}

fn chain(length: u64) -> Vec<AuditEntry> {
    let mut head = GENESIS;
    (1..=length)
        .map(|sequence| {
            let entry =
                AuditEntry::chain(record(sequence as i64, Some("r"), BTreeMap::new()), sequence, head);
            head = entry.hash;
            entry
        })
        .collect()
}

/// The encoding of the documentation, written out by hand: a change of it breaks every kept log.
#[test]
fn the_first_hash_is_that_of_the_documented_bytes() {
    let detail = BTreeMap::from([("scheme".to_owned(), "ed25519".to_owned())]);
    let entry = AuditEntry::chain(record(5, Some("r1"), detail), 1, GENESIS);
    let mut bytes = b"anya-audit-v1".to_vec();
    bytes.extend([0; 32]);
    bytes.extend([0, 0, 0, 0, 0, 0, 0, 1]);
    bytes.extend(1_795_000_000_000_005_i64.to_be_bytes());
    bytes.extend(b"\0\0\0\x08user:ada\0\0\0\x08key.sign\0\0\0\x05key:5\0\0\0\x02ok");
    bytes.extend(b"\x01\0\0\0\x02r1");
    bytes.extend(b"\0\0\0\x01\0\0\0\x06scheme\0\0\0\x07ed25519");
    assert_eq!(entry.hash.0, digest::digest(&digest::SHA256, &bytes).as_ref());
    assert_eq!(entry.at.to_string(), "2026-11-18T11:06:40.000005Z");
}

#[test]
fn an_intact_chain_is_reported_with_its_head() {
    assert_eq!(
        verify_chain(&[]),
        ChainReport { intact: true, entries: 0, head: GENESIS, first_broken: None }
    );
    let entries = chain(5);
    let report = verify_chain(&entries);
    assert_eq!((report.intact, report.entries, report.head), (true, 5, entries[4].hash));
}

#[test]
fn the_first_entry_that_does_not_fit_is_named() {
    let entries = chain(5);
    let broken = |change: &dyn Fn(&mut Vec<AuditEntry>)| {
        let mut entries = entries.clone();
        change(&mut entries);
        verify_chain(&entries).first_broken
    };
    assert_eq!(broken(&|e| e[2].subject.push('!')), Some(3));
    assert_eq!(broken(&|e| e[2].outcome = AuditOutcome::Denied), Some(3));
    assert_eq!(broken(&|e| e[2].request_id = None), Some(3));
    assert_eq!(broken(&|e| drop(e.remove(2))), Some(3));
    assert_eq!(broken(&|e| drop(e.remove(0))), Some(1));
    assert_eq!(broken(&|e| e.swap(1, 3)), Some(2));
    // Changed together with its own hash: the next entry shows it.
    assert_eq!(
        broken(&|e| {
            e[2].subject.push('!');
            e[2].hash = entry_hash(&e[2]);
        }),
        Some(4)
    );
}

proptest! {
    /// No two different entries share an encoding, wherever the borders between texts lie.
    #[test]
    fn different_entries_have_different_hashes(
        a in prop::collection::btree_map("[ab]{0,2}", "[ab]{0,2}", 0..3),
        b in prop::collection::btree_map("[ab]{0,2}", "[ab]{0,2}", 0..3),
        ra in prop::option::of("[ab]{0,2}"),
        rb in prop::option::of("[ab]{0,2}"),
    ) {
        let same = a == b && ra == rb;
        let ha = AuditEntry::chain(record(1, ra.as_deref(), a), 1, GENESIS).hash;
        let hb = AuditEntry::chain(record(1, rb.as_deref(), b), 1, GENESIS).hash;
        prop_assert_eq!(ha == hb, same);
    }

    #[test]
    fn an_entry_survives_its_json(detail in prop::collection::btree_map(".{0,5}", ".{0,5}", 0..3)) {
        let entry = AuditEntry::chain(record(1, None, detail), 1, GENESIS);
        let text = serde_json::to_string(&entry).unwrap();
        let back: AuditEntry = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(entry_hash(&back), entry.hash);
    }
}
