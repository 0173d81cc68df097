//! systemd as the service manager (sd_notify(3), sd_watchdog_enabled(3)).

use std::time::Duration;

use hal_api::ServiceManager;
use systemd::daemon;

/// Tells systemd how the service is. Outside of systemd (no `NOTIFY_SOCKET`) it does nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemdServiceManager;

fn notify(key: &str, value: &str) {
    if let Err(error) = daemon::notify([(key, value)].iter()) {
        tracing::warn!(key, %error, "cannot tell systemd");
    }
}

impl ServiceManager for SystemdServiceManager {
    fn ready(&self) {
        notify("READY", "1");
    }

    fn stopping(&self) {
        notify("STOPPING", "1");
    }

    fn alive(&self) {
        notify("WATCHDOG", "1");
    }

    fn status(&self, line: &str) {
        notify("STATUS", &line.replace('\n', " "));
    }

    fn watchdog_interval(&self) -> Option<Duration> {
        match daemon::watchdog_enabled() {
            Ok(0) => None,
            Ok(microseconds) => Some(Duration::from_micros(microseconds)),
            Err(error) => {
                tracing::warn!(%error, "WATCHDOG_USEC cannot be read: the watchdog is off");
                None
            }
        }
    }
}
