//! Releases that are not believed, each for its own reason; and nothing is stored because of them.

use ota_client::check::{CheckError, Facts, check};
use ota_client::source::{Evidence, Signed};
use ota_core::trust::{ChannelSeen, Verdict};
use sequoia_openpgp::types::HashAlgorithm;

use crate::keys::{How, expired, revoked, sign, sign_as, signer, signer_with_two_subkeys};
use crate::release::{AnyaBox, Release, list};

/// A release, the box, and who signs in the end.
struct Case {
    release: Release,
    anya_box: AnyaBox,
}

impl Case {
    fn new() -> Self {
        let release = Release::new();
        let anya_box = AnyaBox::for_release(&release);
        Self { release, anya_box }
    }

    /// With another second signer in the list.
    fn with_bob(cert: sequoia_openpgp::Cert) -> Self {
        let mut case = Self::new();
        case.release.certs[1] = cert;
        case.trust(list(1, 2, &case.release.certs));
        case.release.publish();
        case
    }

    fn trust(&mut self, list: ota_core::signers::SignerList) {
        self.anya_box.signers = Some(list.to_bytes().unwrap());
        self.release.list = list;
    }

    fn document(&self) -> Vec<u8> {
        self.release.manifest.to_bytes().unwrap()
    }

    /// What is refused when the manifest has these signatures.
    fn signed_by(mut self, signatures: &[Vec<u8>]) -> &'static str {
        let manifest = Signed { document: self.document(), signatures: signatures.concat() };
        self.anya_box.refusal(&mut Evidence { manifest, ..Evidence::default() })
    }

    /// What is refused as it is published.
    fn refusal(mut self) -> &'static str {
        self.release.publish();
        let manifest = self.release.signed();
        self.anya_box.refusal(&mut Evidence { manifest, ..Evidence::default() })
    }
}

#[test]
fn a_release_that_two_of_three_signed_is_offered_and_remembered() {
    let Case { release, mut anya_box } = Case::new();
    let evidence = Evidence { manifest: release.signed(), ..Evidence::default() };
    let checked = anya_box.check(&mut evidence.clone()).unwrap();
    let Verdict::Offer(offer) = checked.verdict else { panic!("there is nothing new") };
    assert_eq!(offer.version.to_string(), "1.1.0");
    assert_eq!(offer.signed_by.len(), 2);
    assert_eq!(checked.manifest, release.manifest);
    assert_eq!(checked.evidence, evidence);
    let (_, known) = anya_box.stored.pop().unwrap();
    assert_eq!(known.newest_signed(), Some(release.manifest.signed));
}

#[test]
fn whom_nobody_trusts_counts_for_nobody() {
    let mallory = signer("Mallory");
    let alone = |signatures: &dyn Fn(&Case) -> Vec<Vec<u8>>| {
        let case = Case::new();
        let signatures = signatures(&case);
        case.signed_by(&signatures)
    };
    let by = |case: &Case, who: usize| sign(&case.release.certs[who], &case.document());
    assert_eq!(alone(&|case| vec![sign(&mallory, &case.document())]), "wrong_signer");
    assert_eq!(alone(&|_| vec![]), "wrong_signer");
    assert_eq!(alone(&|_| vec![b"no packets at all".to_vec()]), "wrong_signer");
    assert_eq!(alone(&|case| vec![by(case, 0)]), "too_few_signatures");
    assert_eq!(alone(&|case| vec![by(case, 0), sign(&mallory, &case.document())]), "too_few_signatures");
    assert_eq!(alone(&|case| vec![by(case, 0), by(case, 0)]), "duplicate_signature");
    assert_eq!(alone(&|case| vec![by(case, 0), sign(&case.release.certs[1], b"other")]), "bad_signature");
}

#[test]
fn one_signer_is_one_however_many_keys_there_are() {
    let alice = signer_with_two_subkeys("Alice");
    let mut case = Case::new();
    case.release.certs[0] = alice.clone();
    case.trust(list(1, 2, &case.release.certs));
    let document = case.document();
    let by = |subkey| sign_as(&alice, &document, &How { subkey: Some(subkey), ..How::default() });
    assert_eq!(case.signed_by(&[by(0), by(1)]), "same_signer_twice");

    let mut case = Case::new();
    let twice = [&case.release.certs[0], &case.release.certs[0]].map(Clone::clone);
    case.trust(list(1, 2, &twice));
    assert_eq!(case.refusal(), "one_key_two_signers");
}

#[test]
fn keys_that_are_not_valid_do_not_count() {
    let bob = signer("Bob");
    let case = Case::with_bob(revoked(&bob));
    let signatures = [&case.release.certs[0], &bob].map(|cert| sign(cert, &case.document()));
    assert_eq!(case.signed_by(&signatures), "signer_revoked");

    let case = Case::with_bob(revoked(&bob));
    let signatures = [sign(&case.release.certs[0], &case.document()), sign(&bob, b"another document")];
    assert_eq!(case.signed_by(&signatures), "bad_signature", "what is forged tells nothing of its signer");

    // Signed while it was valid, and expired since.
    let late = expired("Bob");
    let case = Case::with_bob(late.clone());
    let how = How { at: "2026-09-10T00:00:00Z", ..How::default() };
    let signatures = [sign(&case.release.certs[0], &case.document()), sign_as(&late, &case.document(), &how)];
    assert_eq!(case.signed_by(&signatures), "signer_expired");

    assert_eq!(Case::with_bob(expired("Bob")).refusal(), "signer_expired", "signed when it had expired");

    let case = Case::with_bob(bob.clone());
    let how = How { hash: HashAlgorithm::SHA1, ..How::default() };
    let signatures = [sign(&case.release.certs[0], &case.document()), sign_as(&bob, &case.document(), &how)];
    assert_eq!(case.signed_by(&signatures), "weak_signature");

    let case = Case::with_bob(bob.clone());
    let how = How { subkey: None, ..How::default() };
    let signatures = [sign(&case.release.certs[0], &case.document()), sign_as(&bob, &case.document(), &how)];
    assert_eq!(case.signed_by(&signatures), "bad_signature", "the primary key may not sign");
}

#[test]
fn a_list_that_cannot_be_used_trusts_nobody() {
    let with = |change: &dyn Fn(&mut Case)| {
        let mut case = Case::new();
        change(&mut case);
        case.refusal()
    };
    assert_eq!(with(&|case| case.anya_box.signers = None), "signers_missing");
    assert_eq!(with(&|case| case.anya_box.signers = Some(b"{}".to_vec())), "missing_field");
    assert_eq!(with(&|case| case.trust(list(1, 0, &case.release.certs))), "threshold_zero");
    assert_eq!(with(&|case| case.trust(list(1, 4, &case.release.certs))), "threshold_too_high");
    assert_eq!(with(&|case| case.trust(list(1, 1, &[]))), "no_signers");
    let unreadable = |certificate: &str| {
        with(&|case| {
            let mut list = list(1, 2, &case.release.certs);
            list.signers[2].certificate = certificate.to_owned();
            case.trust(list);
        })
    };
    assert_eq!(unreadable("-----BEGIN PGP PUBLIC KEY BLOCK-----"), "signers_missing");
    assert_eq!(unreadable(""), "signers_missing");
    assert_eq!(
        with(&|case| {
            let mut list = list(1, 2, &case.release.certs);
            list.expires = "2026-11-21T00:00:00Z".parse().unwrap();
            case.trust(list);
        }),
        "signers_expired"
    );
}

#[test]
fn releases_that_are_not_for_this_box_or_lead_back_are_refused() {
    let with = |change: &dyn Fn(&mut Case)| {
        let mut case = Case::new();
        change(&mut case);
        case.refusal()
    };
    let expires = |case: &mut Case, at: &str| case.release.manifest.expires = at.parse().unwrap();
    let seen = |version: &str, signed: &str| ChannelSeen {
        version: version.parse().unwrap(),
        signed: signed.parse().unwrap(),
    };
    let has_seen = |case: &mut Case, version: &str, signed: &str| {
        case.anya_box.known.channels.insert("stable".parse().unwrap(), seen(version, signed));
    };
    assert_eq!(with(&|case| expires(case, "2026-11-21T00:00:00Z")), "expired");
    assert_eq!(with(&|case| case.anya_box.board.installed = "1.2.0".parse().unwrap()), "older_version");
    assert_eq!(with(&|case| case.anya_box.known.highest_epoch = 3), "older_epoch");
    assert_eq!(with(&|case| case.release.manifest.board = "raspberrypi5".parse().unwrap()), "other_board");
    assert_eq!(with(&|case| case.release.manifest.channel = "beta".parse().unwrap()), "other_channel");
    assert_eq!(with(&|case| case.release.manifest.signers = 2), "signers_behind");
    assert_eq!(with(&|case| has_seen(case, "1.1.5", "2026-11-01T00:00:00Z")), "older_than_seen");
    assert_eq!(with(&|case| has_seen(case, "1.1.0", "2026-11-20T00:00:01Z")), "replayed");
    assert_eq!(with(&|case| case.anya_box.board.room.uki = 1000), "part_too_large");
    assert_eq!(
        with(&|case| {
            case.release.manifest.root.image.size = (1 << 32) + 700_416;
            case.anya_box.board.room.root = 1 << 30;
        }),
        "part_too_large"
    );
}

#[test]
fn a_clock_that_is_wrong_is_told_apart_from_a_release_that_ended() {
    let at = |now: &str, synchronised| {
        let mut case = Case::new();
        (case.anya_box.now, case.anya_box.synchronised) = (now.to_owned(), synchronised);
        case
    };
    assert_eq!(at("2033-01-01T00:00:00Z", false).refusal(), "clock_ahead");
    assert_eq!(at("2033-01-01T00:00:00Z", true).refusal(), "signers_expired");
    let mut ended = at("1970-01-01T00:00:00Z", false);
    ended.anya_box.known.last_time = Some("2026-12-21T00:00:00Z".parse().unwrap());
    assert_eq!(ended.refusal(), "expired", "a clock set back does not bring it back");
    // A clock without a battery: before the release was signed, and before its keys were made.
    let Case { release, mut anya_box } = at("1970-01-01T00:00:00Z", false);
    anya_box.board.built = "2026-08-01T00:00:00Z".parse().unwrap();
    let mut evidence = Evidence { manifest: release.signed(), ..Evidence::default() };
    assert!(matches!(anya_box.check(&mut evidence).unwrap().verdict, Verdict::Offer(_)));
    // The same by a clock that is right is a signature from the future.
    assert_eq!(at("2026-10-15T00:00:00Z", true).refusal(), "signed_in_future");
}

#[test]
fn what_cannot_be_stored_is_not_offered() {
    let Case { release, anya_box } = Case::new();
    let facts = Facts {
        signers: anya_box.signers.as_deref(),
        followed: &anya_box.followed,
        known: &anya_box.known,
        system_time: anya_box.now.parse().unwrap(),
        synchronised: true,
        board: &anya_box.board,
    };
    let mut evidence = Evidence { manifest: release.signed(), ..Evidence::default() };
    let full = &mut |_: ota_client::check::Remember<'_>| Err(std::io::ErrorKind::StorageFull.into());
    let error = check(&mut evidence, &facts, full).unwrap_err();
    assert!(matches!(error, CheckError::Remember(_)), "{error}");
    assert_eq!(error.to_string(), "What was found out about updates cannot be stored.");
}
