use super::*;
use crate::access::SystemEntropy;

const PASSWORD: &str = "correct horse battery staple";

#[test]
fn passwords_that_are_no_help_are_refused() {
    assert_eq!(check_password(PASSWORD, "ada"), Ok(()));
    assert_eq!(
        check_password("ümläüt-öß", "ada"),
        Err("is 9 characters long; at least 10 are needed".into())
    );
    assert_eq!(check_password(&"ab".repeat(128), "ada"), Ok(()));
    assert_eq!(
        check_password(&"ab".repeat(129), "ada"),
        Err("is 258 bytes long; at most 256 are allowed".into())
    );
    assert_eq!(check_password("Adalovelace", "adalovelace"), Err("is the user name".into()));
    assert_eq!(check_password("aaaaaaaaaaaa", "ada"), Err("is one character repeated".into()));
}

#[test]
fn a_password_is_recognised_by_its_hash_only() {
    let hashing = PasswordHashing::default();
    let hash = hashing.hash(PASSWORD, &SystemEntropy).unwrap();
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
    assert_ne!(hash, hashing.hash(PASSWORD, &SystemEntropy).unwrap(), "the salt differs");
    assert!(hashing.is_right(PASSWORD, Some(&hash)).unwrap());
    assert!(!hashing.is_right("correct horse battery stapler", Some(&hash)).unwrap());
    assert!(!hashing.is_right("", Some(&hash)).unwrap());
    assert!(matches!(hashing.is_right(PASSWORD, Some("spoiled")), Err(AccessError::Hash(_))));
}

#[test]
fn nobody_has_a_password_and_it_costs_the_same_to_find_out() {
    let hashing = PasswordHashing::default();
    assert!(!hashing.is_right(PASSWORD, None).unwrap());
    let params = |text| Params::try_from(&PasswordHash::new(text).unwrap()).unwrap();
    let real = hashing.hash(PASSWORD, &SystemEntropy).unwrap();
    let (nobody, real) = (params(NOBODY), params(&real));
    let costs = |p: &Params| (p.m_cost(), p.t_cost(), p.p_cost(), p.output_len());
    assert_eq!(costs(&nobody), costs(&real));
    assert_eq!(costs(&nobody), (19_456, 2, 1, Some(32)));
}

#[test]
fn more_callers_than_may_wait_are_told_to_come_back() {
    let hashing = PasswordHashing::default();
    let turns: Vec<_> = (0..AT_A_TIME).map(|_| hashing.turn().unwrap()).collect();
    std::thread::scope(|scope| {
        let waiting: Vec<_> = (0..WAITING).map(|_| scope.spawn(|| hashing.turn().is_ok())).collect();
        while hashing.queue.lock().unwrap().waiting < WAITING {
            std::thread::yield_now();
        }
        assert!(matches!(hashing.turn(), Err(AccessError::Busy)));
        drop(turns);
        assert!(waiting.into_iter().all(|thread| thread.join().unwrap()));
    });
    assert!(hashing.turn().is_ok());
}
