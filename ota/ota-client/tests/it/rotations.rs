//! Signer lists that follow each other, and those that do not.

use std::collections::BTreeMap;

use ota_client::check::SignerLists;
use ota_client::source::{Evidence, Signed};
use ota_core::signers::SignerList;
use ota_core::trust::Verdict;
use sequoia_openpgp::Cert;

use crate::keys::{sign, signer};
use crate::release::{AnyaBox, Release, list};

/// A list with the signatures of these.
fn signed(list: &SignerList, by: &[&Cert]) -> Signed {
    let document = list.to_bytes().unwrap();
    let signatures = by.iter().flat_map(|cert| sign(cert, &document)).collect();
    Signed { document, signatures }
}

/// A box that trusts Alice, Bob and Carol, and a release that Dave and Erin signed; `lists` lead from the
/// ones to the others.
struct Handover {
    release: Release,
    anya_box: AnyaBox,
    old: Vec<Cert>,
    new: Vec<Cert>,
}

impl Handover {
    fn new() -> Self {
        let mut release = Release::new();
        let anya_box = AnyaBox::for_release(&release);
        let new: Vec<Cert> = ["Dave", "Erin", "Carol"].map(signer).into();
        let old = std::mem::replace(&mut release.certs, new.clone());
        release.manifest.signers = 2;
        release.publish();
        Self { release, anya_box, old, new }
    }

    fn list(&self, version: u64) -> SignerList {
        list(version, 2, &self.new)
    }

    /// The right second list: both of the old and both of the new signed it.
    fn second(&self) -> Signed {
        signed(&self.list(2), &[&self.old[0], &self.old[1], &self.new[0], &self.new[1]])
    }

    fn source(&self, lists: impl IntoIterator<Item = (u64, Signed)>) -> Evidence {
        Evidence { signer_lists: lists.into_iter().collect(), manifest: self.release.signed() }
    }

    fn refusal(mut self, second: Signed) -> &'static str {
        let mut source = self.source([(2, second)]);
        self.anya_box.refusal(&mut source)
    }
}

#[test]
fn the_new_signers_count_once_the_old_ones_handed_over() {
    let mut case = Handover::new();
    let mut source = case.source([(2, case.second())]);
    let checked = case.anya_box.check(&mut source).unwrap();
    let Verdict::Offer(offer) = checked.verdict else { panic!("there is nothing new") };
    assert!(offer.signed_by.contains(&"Dave".to_owned()), "{:?}", offer.signed_by);
    let followed: Vec<u64> = case.anya_box.stored[0].0.keys().copied().collect();
    assert_eq!(followed, [2], "the list is stored before the manifest is looked at");
    assert_eq!(case.anya_box.stored.len(), 2);
    // Whoever trusts the image alone comes to the same result by what the check leaves behind.
    let mut second_opinion = Handover::new().anya_box;
    second_opinion.signers = case.anya_box.signers.clone();
    let again = second_opinion.check(&mut checked.evidence.clone()).unwrap();
    assert_eq!(again.manifest, checked.manifest);
}

#[test]
fn lists_that_do_not_follow_are_refused_and_not_stored() {
    let case = Handover::new;
    let by = |case: &Handover, who: &[&Cert]| signed(&case.list(2), who);
    let one = case();
    let second = by(&one, &[&one.old[0], &one.old[1]]);
    assert_eq!(one.refusal(second), "wrong_signer", "the new ones did not sign");
    let one = case();
    let second = by(&one, &[&one.new[0], &one.new[1]]);
    assert_eq!(one.refusal(second), "wrong_signer", "the old ones did not sign");
    let one = case();
    let second = by(&one, &[&one.old[0], &one.new[0], &one.new[1]]);
    assert_eq!(one.refusal(second), "too_few_signatures");
    let one = case();
    let second = signed(&one.list(3), &[&one.old[0], &one.old[1], &one.new[0], &one.new[1]]);
    assert_eq!(one.refusal(second), "signers_not_consecutive");
    let one = case();
    let mut ended = one.list(2);
    ended.expires = "2026-11-01T00:00:00Z".parse().unwrap();
    let second = signed(&ended, &[&one.old[0], &one.old[1], &one.new[0], &one.new[1]]);
    assert_eq!(one.refusal(second), "signers_expired");
    let one = case();
    let zero = list(2, 0, &one.new);
    let second = signed(&zero, &[&one.old[0], &one.old[1], &one.new[0], &one.new[1]]);
    assert_eq!(one.refusal(second), "threshold_zero");
}

#[test]
fn without_the_list_the_new_signers_are_strangers() {
    let mut case = Handover::new();
    let mut source = case.source([]);
    assert_eq!(case.anya_box.refusal(&mut source), "wrong_signer");
}

#[test]
fn a_server_cannot_take_back_a_list_that_was_followed() {
    let mut case = Handover::new();
    case.anya_box.followed = SignerLists::from([(2, case.second())]);
    // The old signers sign again, and the server hides the second list.
    case.release.certs = case.old.clone();
    case.release.manifest.signers = 1;
    case.release.publish();
    let mut source = case.source([]);
    assert_eq!(case.anya_box.refusal(&mut source), "wrong_signer");
}

#[test]
fn a_copy_that_the_disk_has_spoilt_is_fetched_anew() {
    let mut case = Handover::new();
    let second = case.second();
    let mut spoilt = second.clone();
    spoilt.document[20] ^= 1;
    case.anya_box.followed = BTreeMap::from([(2, spoilt)]);
    let mut source = case.source([(2, second.clone())]);
    case.anya_box.check(&mut source).unwrap();
    assert!(case.anya_box.stored[0].0[&2] == second);
}

#[test]
fn two_lists_are_followed_at_once_though_the_first_has_ended() {
    let mut case = Handover::new();
    let mut second = case.list(2);
    second.expires = "2026-11-01T00:00:00Z".parse().unwrap();
    let second = signed(&second, &[&case.old[0], &case.old[1], &case.new[0], &case.new[1]]);
    let third = signed(&case.list(3), &[&case.new[0], &case.new[2]]);
    let mut source = case.source([(2, second), (3, third)]);
    case.anya_box.check(&mut source).unwrap();
    assert_eq!(case.anya_box.stored[0].0.len(), 2);
}
