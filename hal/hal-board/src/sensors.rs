//! What the board measures, from `/proc`, `/sys` and the file system.

mod proc_files;
mod thermal;

use std::path::{Path, PathBuf};

use hal_api::{BoardReading, BoardSensors, Disk, HalError, HalErrorKind, HalResult};
use nix::sys::statvfs::statvfs;

use proc_files::Proc;

/// The sensors of a Linux machine.
pub struct LinuxSensors {
    root: PathBuf,
    data: PathBuf,
}

impl LinuxSensors {
    /// Sensors of this machine; `data` is the folder whose disk is watched.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self::under("/", data)
    }

    /// Sensors of a machine whose `/proc` and `/sys` lie under `root`.
    pub fn under(root: impl Into<PathBuf>, data: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), data: data.into() }
    }
}

impl BoardSensors for LinuxSensors {
    fn read(&self) -> HalResult<BoardReading> {
        let proc = Proc::new(self.root.join("proc"));
        let memory = proc.memory()?;
        Ok(BoardReading {
            hostname: proc.text("sys/kernel/hostname")?.trim().to_owned(),
            processor: proc.processor()?,
            cores: proc.cores()?,
            load_1min: proc.load()?,
            memory_total_bytes: memory.total,
            memory_available_bytes: memory.available,
            service_resident_bytes: proc.resident()?,
            uptime_seconds: proc.uptime()?,
            data_disk: disk(&self.data)?,
            temperatures: thermal::read(&self.root.join("sys/class")),
        })
    }
}

fn disk(path: &Path) -> HalResult<Disk> {
    let statistics = statvfs(path).map_err(|error| {
        HalError::with_source(HalErrorKind::Device, format!("read the disk of {}", path.display()), error)
    })?;
    let block = statistics.fragment_size();
    Ok(Disk {
        path: path.display().to_string(),
        total_bytes: statistics.blocks() * block,
        available_bytes: statistics.blocks_available() * block,
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn fixture() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let files = [
            ("proc/sys/kernel/hostname", "anya\n"),
            (
                "proc/cpuinfo",
                "processor\t: 0\nmodel name\t: Test CPU\n\nprocessor\t: 1\nmodel name\t: Test CPU\n",
            ),
            ("proc/loadavg", "0.52 0.58 0.59 1/467 12345\n"),
            ("proc/meminfo", "MemTotal:        2048 kB\nMemFree: 1 kB\nMemAvailable:    1024 kB\n"),
            ("proc/self/statm", "5000 250 10 1 0 1 0\n"),
            ("proc/uptime", "351.72 663.01\n"),
            ("sys/class/thermal/thermal_zone0/type", "x86_pkg_temp\n"),
            ("sys/class/thermal/thermal_zone0/temp", "48500\n"),
            ("sys/class/thermal/thermal_zone1/type", "broken\n"),
            ("sys/class/thermal/cooling_device0/type", "Processor\n"),
            ("sys/class/hwmon/hwmon0/name", "x86_pkg_temp\n"),
            ("sys/class/hwmon/hwmon0/temp1_input", "48500\n"),
            ("sys/class/hwmon/hwmon1/name", "nvme\n"),
            ("sys/class/hwmon/hwmon1/temp1_label", "Composite\n"),
            ("sys/class/hwmon/hwmon1/temp1_input", "36850\n"),
            ("sys/class/hwmon/hwmon1/temp1_max", "81850\n"),
            ("sys/class/hwmon/hwmon2/name", "drivetemp\n"),
            ("sys/class/hwmon/hwmon2/temp1_input", "-5000\n"),
        ];
        for (path, content) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        root
    }

    #[test]
    fn a_reading_has_what_the_kernel_says() {
        let root = fixture();
        let reading = LinuxSensors::under(root.path(), root.path()).read().unwrap();
        assert_eq!((reading.hostname.as_str(), reading.processor.as_str()), ("anya", "Test CPU"));
        assert_eq!((reading.cores, reading.uptime_seconds), (2, 351));
        assert_eq!((reading.memory_total_bytes, reading.memory_available_bytes), (2 << 20, 1 << 20));
        assert!((reading.load_1min - 0.52).abs() < 1e-6);
        assert_eq!(reading.service_resident_bytes % 250, 0);
        let shown: Vec<_> =
            reading.temperatures.iter().map(|t| format!("{} {:.2}", t.sensor, t.celsius)).collect();
        let expected = ["x86_pkg_temp 48.50", "nvme Composite 36.85", "drivetemp -5.00"];
        assert_eq!(shown, expected, "a sensor that does not answer is left out, and none is told twice");
    }

    #[test]
    fn a_file_that_is_missing_is_named() {
        let root = fixture();
        fs::remove_file(root.path().join("proc/meminfo")).unwrap();
        let error = LinuxSensors::under(root.path(), root.path()).read().unwrap_err();
        assert!(error.operation.contains("meminfo"), "{error}");
    }

    #[test]
    fn this_machine_answers() {
        let reading = LinuxSensors::new("/").read().unwrap();
        assert!(reading.cores > 0 && reading.data_disk.total_bytes > 0);
        assert!(reading.memory_available_bytes <= reading.memory_total_bytes);
    }
}
