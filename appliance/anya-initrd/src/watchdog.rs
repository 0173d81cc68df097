//! The machine's watchdog, which starts the box again when nobody feeds it. Where the machine has none, the kernel
//! plays one.
//!
//! The root's systemd goes on feeding it: closing the device does not stop it.

use std::fs::{self, File};
use std::io::Write;
use std::time::{Duration, Instant};

use crate::console::{Level, hush, say};
use crate::drivers::Drivers;
use crate::modules::Modules;

/// The first one that registered, which systemd takes, too.
const DEVICE: &str = "/dev/watchdog0";
const IDENTITY: &str = "/sys/class/watchdog/watchdog0/identity";
/// The kernel's own.
const SOFTWARE: &str = "softdog";
/// How long the driver of a real one may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two feedings at most. Those that there are bite after thirty seconds or more.
pub(crate) const PAUSE: Duration = Duration::from_secs(2);

/// The watchdog.
pub(crate) struct Watchdog {
    drivers: Drivers,
    modules: Modules,
    late: Instant,
    device: Option<File>,
}

impl Watchdog {
    /// The one that the drivers bring, or that the kernel plays.
    pub(crate) fn new(drivers: Drivers, modules: Modules) -> Self {
        Self { drivers, modules, late: Instant::now() + PATIENCE, device: None }
    }

    /// Feeds it. The first time wakes it.
    pub(crate) fn feed(&mut self) {
        if self.device.is_none() {
            self.find();
        }
        if let Some(device) = &mut self.device {
            // One that cannot be fed bites.
            let _ = device.write_all(b"\0");
        }
    }

    fn find(&mut self) {
        // That there is none yet is told by its driver alone, or by the time.
        let there = self.drivers.are_there() || Instant::now() >= self.late;
        let open = || File::options().write(true).open(DEVICE);
        let mut found = open();
        if found.is_err() && there {
            self.modules.load(SOFTWARE);
            found = open();
        }
        self.device = found.ok();
        if self.device.is_some() {
            let identity = fs::read_to_string(IDENTITY).unwrap_or_default();
            say(Level::Info, &format!("feeds the watchdog '{}'", identity.trim()));
        }
    }
}

impl Drop for Watchdog {
    /// Leaves it running. "watchdog did not stop!" is what the kernel would say about that to who looks at the screen.
    fn drop(&mut self) {
        hush(|| drop(self.device.take()));
    }
}
