//! Being stopped in the middle of an answer.

use std::io;

use nix::sys::signal::{SigSet, Signal};

/// From now on SIGTERM waits until the program ends by itself. For one that asks for a restart of the box, which
/// stops this program as well: whoever wanted the restart gets an answer all the same. Threads and programs that are
/// started later do the same; call it while there is one thread.
///
/// # Errors
/// The system's.
pub fn hold_off() -> io::Result<()> {
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGTERM);
    Ok(signals.thread_block()?)
}

#[cfg(test)]
mod tests {
    use nix::sys::signal::{Signal, raise};

    #[test]
    fn a_program_that_is_told_to_end_goes_on() {
        // On a thread of its own: the signal stays pending there, and goes with it.
        let went_on = std::thread::spawn(|| {
            super::hold_off().unwrap();
            raise(Signal::SIGTERM).unwrap();
            true
        });
        assert!(went_on.join().unwrap());
    }
}
