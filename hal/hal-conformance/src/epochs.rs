//! What every counter of security epochs must do.

use hal_api::{EpochCounter, HalErrorKind, MAX_STEP};

use crate::expect_kind;

/// Every check. `open` opens the counter of a device that never counted; called again, the same one, as after
/// a restart.
///
/// # Panics
/// When a check fails.
pub fn run(open: &mut dyn FnMut() -> Box<dyn EpochCounter>) {
    let counter = open();
    assert_eq!(counter.read().expect("reading"), 0, "a device that never counted");
    counter.raise_to(0).expect("raising to where it is");
    counter.raise_to(2).expect("raising");
    assert_eq!(counter.read().expect("reading"), 2);
    for lower in [0, 1, 2] {
        counter.raise_to(lower).expect("raising to where it has been");
        assert_eq!(counter.read().expect("reading"), 2, "it never goes back, nor on");
    }
    expect_kind(counter.raise_to(2 + MAX_STEP + 1), HalErrorKind::InvalidInput, "too many epochs at once");
    assert_eq!(counter.read().expect("reading"), 2);
    drop(counter);
    let counter = open();
    assert_eq!(counter.read().expect("reading"), 2, "after a restart");
    counter.raise_to(5).expect("raising");
    assert_eq!(counter.read().expect("reading"), 5);
}
