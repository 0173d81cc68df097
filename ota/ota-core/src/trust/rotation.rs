//! From the signer list that is trusted to a newer one (TUF specification 1.0, 5.3).
//!
//! Each step goes to the very next version, and is signed by the threshold of the list before *and* by its
//! own: the old signers hand over, and the new ones show that they have their keys. A list in between may
//! be expired, as a box that was off for long follows several at once; the last one may not be
//! ([`Rotation::current`]).

use super::{Clock, Refusal, Signature, count};
use crate::limits;
use crate::signers::Signers;

/// The way from the list that is trusted to the newest one.
#[derive(Clone, Debug)]
pub struct Rotation {
    newest: Signers,
    steps: u64,
}

impl Rotation {
    /// Begins at the list that is trusted.
    ///
    /// # Errors
    /// None is there: the image carries one, so something took it away.
    pub fn from(trusted: Option<Signers>) -> Result<Self, Refusal> {
        trusted.map(|newest| Self { newest, steps: 0 }).ok_or(Refusal::SignersMissing)
    }

    /// The newest list so far, with whose certificates signatures are checked next.
    pub fn newest(&self) -> &Signers {
        &self.newest
    }

    /// Goes on to the next list; `signatures` are those over its document, checked against the certificates
    /// of both lists.
    ///
    /// # Errors
    /// It is not the next version, or not signed by enough of the old or of the new signers. The rotation
    /// stays where it was.
    pub fn follow(&mut self, next: Signers, signatures: &[Signature]) -> Result<(), Refusal> {
        if self.steps >= limits::ROTATIONS {
            return Err(Refusal::TooManyRotations);
        }
        let expected = self.newest.version().saturating_add(1);
        if next.version() != expected {
            return Err(Refusal::SignersNotConsecutive { expected, found: next.version() });
        }
        count(&self.newest, signatures)?;
        count(&next, signatures)?;
        self.newest = next;
        self.steps += 1;
        Ok(())
    }

    /// The newest list, to be stored and trusted from now on.
    ///
    /// # Errors
    /// It is expired, or, on a clock that is far ahead, seems to be.
    pub fn current(self, clock: &Clock) -> Result<Signers, Refusal> {
        let expires = self.newest.expires();
        clock.check(expires).map_err(|refusal| match refusal {
            Refusal::Expired { .. } => Refusal::SignersExpired { expires },
            other => other,
        })?;
        Ok(self.newest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signers::tests::{key, list};
    use crate::trust::signatures::tests::by;

    fn signers(version: u64, digits: &[&str], expires: &str) -> Signers {
        let mut list = list(version, 2, digits);
        list.expires = expires.parse().unwrap();
        let keys: Vec<_> = digits.iter().map(|digit| key(digit)).collect();
        list.with_fingerprints(&keys).unwrap()
    }

    fn clock(now: &str) -> Clock {
        let now = now.parse().unwrap();
        Clock { system: now, synchronised: true, floor: now }
    }

    fn at_one() -> Rotation {
        Rotation::from(Some(signers(1, &["a", "b", "c"], "2026-01-01T00:00:00Z"))).unwrap()
    }

    #[test]
    fn each_step_is_signed_by_the_old_and_by_the_new() {
        let next = || signers(2, &["c", "d", "e"], "2028-01-01T00:00:00Z");
        let code = |signed: &[&str]| {
            let signatures: Vec<_> = signed.iter().map(|digit| by(digit)).collect();
            at_one().follow(next(), &signatures).map_or_else(|refusal| refusal.code(), |()| "followed")
        };
        assert_eq!(code(&["a", "b", "d", "e"]), "followed");
        assert_eq!(code(&["a", "c", "d"]), "followed", "who is in both counts for both");
        assert_eq!(code(&["a", "b"]), "wrong_signer", "the new ones did not sign");
        assert_eq!(code(&["a", "b", "d"]), "too_few_signatures");
        assert_eq!(code(&["d", "e"]), "wrong_signer", "the old ones did not sign");
        assert_eq!(code(&["a", "a", "d", "e"]), "duplicate_signature");
    }

    #[test]
    fn lists_are_followed_one_by_one_and_expired_ones_only_on_the_way() {
        let all = ["a", "b"].map(by);
        let mut rotation = at_one();
        for skipped in [0, 1, 3, u64::MAX - 1] {
            let next = signers(skipped, &["a", "b"], "2028-01-01T00:00:00Z");
            assert_eq!(
                rotation.follow(next, &all).unwrap_err().code(),
                "signers_not_consecutive",
                "{skipped}"
            );
        }
        rotation.follow(signers(2, &["a", "b"], "2026-02-01T00:00:00Z"), &all).unwrap();
        let stopped = rotation.clone().current(&clock("2026-11-21T00:00:00Z"));
        assert_eq!(stopped.unwrap_err().code(), "signers_expired");
        rotation.follow(signers(3, &["a", "b"], "2028-02-01T00:00:00Z"), &all).unwrap();
        assert_eq!(rotation.current(&clock("2026-11-21T00:00:00Z")).unwrap().version(), 3);
    }

    #[test]
    fn without_a_list_nothing_is_trusted_and_no_chain_is_endless() {
        assert_eq!(Rotation::from(None).unwrap_err(), Refusal::SignersMissing);
        let all = ["a", "b"].map(by);
        let mut rotation = at_one();
        let refusal = (2..).find_map(|version| {
            rotation.follow(signers(version, &["a", "b"], "2028-02-01T00:00:00Z"), &all).err()
        });
        assert_eq!(refusal, Some(Refusal::TooManyRotations));
        assert_eq!(rotation.newest().version(), 1 + limits::ROTATIONS);
    }
}
