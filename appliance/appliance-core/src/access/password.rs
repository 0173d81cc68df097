//! Passwords: which are allowed, and how they are kept.
//!
//! Argon2id with 19 MiB of memory, two passes, one lane (OWASP Password Storage Cheat Sheet; RFC 9106).
//! At most two are computed at a time, so that strangers who try to sign in cost at most 38 MiB; some
//! more wait, and what is beyond that is told to come back.

use std::sync::{Condvar, Mutex, PoisonError};

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};

use super::{AccessError, AccessResult, Entropy};

/// Fewest characters.
pub const SHORTEST: usize = 10;
/// Most bytes of UTF-8.
pub const LONGEST_BYTES: usize = 256;

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Hashes that are computed at the same time.
const AT_A_TIME: u32 = 2;
/// Callers that wait for their turn.
const WAITING: u32 = 16;

/// A hash that no password has, with the same costs as every other: checking against it takes as long
/// for a name that nobody has.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$YW55YS1ib3gtbm9ib2R5$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Checks a new password: at least [`SHORTEST`] characters, at most [`LONGEST_BYTES`] bytes, and not the
/// user name.
///
/// # Errors
/// The reason, in words that fit behind the field's name.
pub fn check_password(password: &str, username: &str) -> Result<(), String> {
    let length = password.chars().count();
    if length < SHORTEST {
        return Err(format!("is {length} characters long; at least {SHORTEST} are needed"));
    }
    if password.len() > LONGEST_BYTES {
        return Err(format!("is {} bytes long; at most {LONGEST_BYTES} are allowed", password.len()));
    }
    if password.trim().eq_ignore_ascii_case(username) {
        return Err("is the user name".into());
    }
    let mut characters = password.chars();
    let first = characters.next();
    if characters.all(|c| Some(c) == first) {
        return Err("is one character repeated".into());
    }
    Ok(())
}

/// Hashes and checks passwords, a few at a time.
#[derive(Debug, Default)]
pub struct PasswordHashing {
    queue: Mutex<Queue>,
    freed: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    running: u32,
    waiting: u32,
}

impl PasswordHashing {
    /// The hash of a password with a fresh salt, as a PHC string.
    ///
    /// # Errors
    /// `Busy`, `Entropy`, `Hash`.
    pub fn hash(&self, password: &str, entropy: &dyn Entropy) -> AccessResult<String> {
        let mut salt = [0; 16];
        entropy.fill(&mut salt).map_err(AccessError::Entropy)?;
        let salt = SaltString::encode_b64(&salt).map_err(AccessError::Hash)?;
        let _turn = self.turn()?;
        let hash = argon2().hash_password(password.as_bytes(), &salt).map_err(AccessError::Hash)?;
        Ok(hash.to_string())
    }

    /// Whether a password has this hash, in constant time. `None` stands for somebody who does not
    /// exist: it takes as long, and is never right.
    ///
    /// # Errors
    /// `Busy`; `Hash` when the kept hash cannot be read.
    pub fn is_right(&self, password: &str, hash: Option<&str>) -> AccessResult<bool> {
        if password.len() > LONGEST_BYTES {
            return Ok(false);
        }
        let _turn = self.turn()?;
        let parsed = PasswordHash::new(hash.unwrap_or(NOBODY)).map_err(AccessError::Hash)?;
        match argon2().verify_password(password.as_bytes(), &parsed) {
            Ok(()) => Ok(hash.is_some()),
            Err(argon2::password_hash::Error::Password) => Ok(false),
            Err(error) => Err(AccessError::Hash(error)),
        }
    }

    /// Waits for a turn, which ends when the guard is dropped.
    fn turn(&self) -> AccessResult<Turn<'_>> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.running >= AT_A_TIME {
            if queue.waiting >= WAITING {
                return Err(AccessError::Busy);
            }
            queue.waiting += 1;
            while queue.running >= AT_A_TIME {
                queue = self.freed.wait(queue).unwrap_or_else(PoisonError::into_inner);
            }
            queue.waiting -= 1;
        }
        queue.running += 1;
        Ok(Turn { of: self })
    }
}

struct Turn<'a> {
    of: &'a PasswordHashing,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.of.queue.lock().unwrap_or_else(PoisonError::into_inner).running -= 1;
        self.of.freed.notify_one();
    }
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("the costs are within Argon2's bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

#[cfg(test)]
mod tests;
