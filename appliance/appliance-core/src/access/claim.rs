//! The claim code: what is on the console and makes the first administrator.
//!
//! A state machine without clock or I/O. The code is 8 characters of Crockford's base 32, 40 random
//! bits. After five wrong codes comes a pause of 30 s, and each further five double it, up to 15
//! minutes; after 20 wrong codes there is a new one. The right code has to wait for the pause's end too:
//! otherwise the pause would tell which guess was right.
//!
//! At one round of five per pause, an attacker has 20 tries at each code: a chance of 2·10⁻¹¹, about
//! 500 tries a day.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use super::{Entropy, EntropyError};

/// Crockford's base 32: no I, L, O, U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Wrong codes before a pause.
pub const TRIES: u32 = 5;
/// Wrong codes before there is a new one.
const TRIES_PER_CODE: u32 = 20;
const FIRST_PAUSE: SignedDuration = SignedDuration::from_secs(30);
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_mins(15);

/// What became of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the code.
    Right,
    /// It is not. `new_code`: there is another one from now on, to be shown on the console.
    Wrong {
        /// Tries left before a pause.
        tries_left: u32,
        /// Whether the code changed.
        new_code: bool,
    },
    /// It was not looked at, as the pause is not over.
    Paused {
        /// How long it still lasts, in seconds, at least 1.
        seconds: u64,
    },
}

/// A text that cannot be a claim code, for its length or its characters.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a claim code is 8 letters and digits, like ABCD-EFGH")]
pub struct MalformedCode;

/// The claim code and how often it was guessed at.
pub struct ClaimCode {
    /// Eight values below 32.
    code: [u8; 8],
    wrong: u32,
    pause: SignedDuration,
    paused_until: Option<Timestamp>,
}

impl ClaimCode {
    /// A new code.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn new(entropy: &dyn Entropy) -> Result<Self, EntropyError> {
        Ok(Self { code: random_code(entropy)?, wrong: 0, pause: FIRST_PAUSE, paused_until: None })
    }

    /// The code as people read it, `ABCD-EFGH`. For the console only.
    pub fn shown(&self) -> String {
        let letter = |value: &u8| char::from(ALPHABET[usize::from(*value)]);
        let (front, back) = self.code.split_at(4);
        front.iter().map(letter).chain(['-']).chain(back.iter().map(letter)).collect()
    }

    /// How many wrong codes may still be typed before a pause; 0 during one.
    pub fn tries_left(&self, now: Timestamp) -> u32 {
        if self.pause_left(now).is_some() { 0 } else { TRIES - self.wrong % TRIES }
    }

    /// How long the pause still lasts, in whole seconds, at least 1; `None` when there is none.
    pub fn pause_left(&self, now: Timestamp) -> Option<u64> {
        let left = self.paused_until?.duration_since(now);
        // Never longer than the longest pause, even when the clock was set back.
        let left = left.min(LONGEST_PAUSE);
        left.is_positive().then(|| u64::try_from(left.as_millis()).unwrap_or(0).div_ceil(1000))
    }

    /// Tries a code: upper or lower case, with or without `-` and spaces, O for 0, I and L for 1. A text
    /// that cannot be a code costs no try.
    ///
    /// # Errors
    /// [`MalformedCode`].
    pub fn try_code(
        &mut self,
        text: &str,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<Verdict, MalformedCode> {
        let mut guess = parse(text).ok_or(MalformedCode)?;
        if let Some(seconds) = self.pause_left(now) {
            return Ok(Verdict::Paused { seconds });
        }
        let right = bool::from(guess.ct_eq(&self.code));
        guess.zeroize();
        if right {
            return Ok(Verdict::Right);
        }
        Ok(self.count_wrong(now, entropy))
    }

    fn count_wrong(&mut self, now: Timestamp, entropy: &dyn Entropy) -> Verdict {
        self.wrong += 1;
        if self.wrong.is_multiple_of(TRIES) {
            self.paused_until = now.checked_add(self.pause).ok();
            self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        }
        let mut new_code = false;
        // Without randomness the old code stays, its pauses with it.
        if self.wrong >= TRIES_PER_CODE
            && let Ok(code) = random_code(entropy)
        {
            self.code.zeroize();
            self.code = code;
            self.wrong = 0;
            new_code = true;
        }
        Verdict::Wrong { tries_left: self.tries_left(now), new_code }
    }
}

impl fmt::Debug for ClaimCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code: _, wrong, pause, paused_until } = self;
        f.debug_struct("ClaimCode")
            .field("wrong", wrong)
            .field("pause", pause)
            .field("paused_until", paused_until)
            .finish_non_exhaustive()
    }
}

impl Drop for ClaimCode {
    fn drop(&mut self) {
        self.code.zeroize();
    }
}

fn random_code(entropy: &dyn Entropy) -> Result<[u8; 8], EntropyError> {
    let mut code = [0; 8];
    entropy.fill(&mut code)?;
    // 256 is a multiple of 32: every character is equally likely.
    code.iter_mut().for_each(|value| *value %= 32);
    Ok(code)
}

fn parse(text: &str) -> Option<[u8; 8]> {
    let mut code = [0; 8];
    let mut places = code.iter_mut();
    for c in text.chars().filter(|c| !matches!(c, '-' | ' ')) {
        let letter = match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            letter => letter,
        };
        let value = ALPHABET.iter().position(|known| char::from(*known) == letter)?;
        *places.next()? = u8::try_from(value).ok()?;
    }
    places.next().is_none().then_some(code)
}

#[cfg(test)]
mod tests;
