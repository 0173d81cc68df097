//! The service manager above us (systemd), told how we are.

use std::time::Duration;

/// Tells the service manager how the service is. Without one, every call does nothing.
pub trait ServiceManager: Send + Sync {
    /// The service answers requests now (`READY=1`).
    fn ready(&self);
    /// The service is shutting down (`STOPPING=1`).
    fn stopping(&self);
    /// The service is alive (`WATCHDOG=1`).
    fn alive(&self);
    /// One line for people about what the service is doing (`STATUS=`).
    fn status(&self, line: &str);
    /// The time within which [`Self::alive`] must be called again; `None` when nobody watches.
    fn watchdog_interval(&self) -> Option<Duration>;
}
