//! The machine's watchdog, which starts the box again when nobody feeds it. Where the machine has none, the kernel
//! plays one.
//!
//! The root's systemd goes on feeding it: closing the device does not stop it.

use std::fs::{self, File};
use std::io::Write;
use std::time::Duration;

use crate::console::{Level, say};
use crate::drivers::Drivers;

/// The first one that registered, which systemd takes, too.
const DEVICE: &str = "/dev/watchdog0";
/// The kernel's own.
const SOFTWARE: &str = "softdog";
/// Between two feedings at most. Those that there are bite after thirty seconds or more.
pub(crate) const PAUSE: Duration = Duration::from_secs(2);

/// The watchdog; none on a machine where even the kernel's own one fails.
pub(crate) struct Watchdog(Option<File>);

impl Watchdog {
    /// Finds it, and feeds it for the first time, which wakes it.
    pub(crate) fn find(drivers: &mut Drivers) -> Self {
        let open = || File::options().write(true).open(DEVICE);
        let device = open().or_else(|_| {
            drivers.load_named(SOFTWARE);
            open()
        });
        if let Err(error) = &device {
            say(Level::Error, &format!("there is no watchdog, so a start that hangs stays so: {error}"));
        }
        let mut found = Self(device.ok());
        found.feed();
        let identity = fs::read_to_string("/sys/class/watchdog/watchdog0/identity").unwrap_or_default();
        say(Level::Info, &format!("using hardware watchdog '{}'", identity.trim()));
        found
    }

    /// Feeds it.
    pub(crate) fn feed(&mut self) {
        if let Some(device) = &mut self.0 {
            // One that cannot be fed bites.
            let _ = device.write_all(b"\0");
        }
    }
}
