//! tpm2-tss writes every failed step to standard error by itself, also those that the box expects.

/// The variable that tpm2-tss reads its log levels from.
pub const ENVIRONMENT_VARIABLE: &str = "TSS2_LOG";

/// Turns that log off unless the variable is set already: each failure comes back as a value anyway.
/// Does nothing once the process has a second thread, because the environment must not change then.
/// Returns whether the log is off or configured by the user.
pub fn silence() -> bool {
    if std::env::var_os(ENVIRONMENT_VARIABLE).is_some() {
        return true;
    }
    // Without /proc the number of threads is unknown, and then the answer must be no.
    if std::fs::read_dir("/proc/self/task").map_or(usize::MAX, Iterator::count) != 1 {
        return false;
    }
    #[expect(unsafe_code, reason = "tpm2-tss takes its log levels from the environment only")]
    // SAFETY: `set_var` must not race with other threads' use of the environment. The kernel has just
    // listed this thread as the process's only one, and only this thread could start another.
    unsafe {
        std::env::set_var(ENVIRONMENT_VARIABLE, "all+NONE");
    }
    true
}
