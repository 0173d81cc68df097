//! Whose turn it is: as many tests at a time as there are machines that two cores can emulate.

use std::io::Write;
use std::sync::{Condvar, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use qemu_tests::lab::Lab;

/// How many tests drive machines side by side, whatever the number of test threads. A machine has two processors and
/// is busy on little more than one; three on two cores would only wait for each other.
const MACHINES: usize = 2;

static TAKEN: Mutex<usize> = Mutex::new(0);
static GIVEN_BACK: Condvar = Condvar::new();

/// The tools and the image; a test holds it while it drives a machine, of which it has one at a time.
pub(crate) struct Turn {
    pub(crate) lab: Lab,
    since: Instant,
}

/// Waits for this test's turn.
pub(crate) fn turn() -> Turn {
    static LAB: OnceLock<Lab> = OnceLock::new();
    let taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut taken =
        GIVEN_BACK.wait_while(taken, |taken| *taken == MACHINES).unwrap_or_else(PoisonError::into_inner);
    let lab = LAB.get_or_init(|| Lab::open().unwrap()).clone();
    *taken += 1;
    Turn { lab, since: Instant::now() }
}

impl Drop for Turn {
    fn drop(&mut self) {
        // Also when the test passes: this step takes the longest of all, and here is where its time goes.
        let thread = std::thread::current();
        let (test, took) = (thread.name().unwrap_or_default(), self.since.elapsed().as_secs());
        let _ = writeln!(std::io::stderr(), "{took:>5} s  {test}");
        *TAKEN.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        GIVEN_BACK.notify_one();
    }
}
