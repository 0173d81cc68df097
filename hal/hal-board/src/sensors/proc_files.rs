//! The kernel's figures in `/proc` (proc(5)).

use std::fs;
use std::path::PathBuf;

use hal_api::{HalError, HalErrorKind, HalResult};
use nix::unistd::{SysconfVar, sysconf};

/// The files of one `/proc`.
pub(super) struct Proc {
    root: PathBuf,
}

/// Memory, bytes.
pub(super) struct Memory {
    pub(super) total: u64,
    pub(super) available: u64,
}

impl Proc {
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// A file's text.
    pub(super) fn text(&self, name: &str) -> HalResult<String> {
        let path = self.root.join(name);
        fs::read_to_string(&path).map_err(|error| {
            HalError::with_source(HalErrorKind::Device, format!("read {}", path.display()), error)
        })
    }

    pub(super) fn memory(&self) -> HalResult<Memory> {
        let text = self.text("meminfo")?;
        let bytes = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            let kibibytes = line.and_then(|rest| rest.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
            kibibytes.map(|kibibytes| kibibytes * 1024).ok_or_else(|| malformed("meminfo"))
        };
        Ok(Memory { total: bytes("MemTotal")?, available: bytes("MemAvailable")? })
    }

    /// The processor's name; on ARM the kernel has none for it.
    pub(super) fn processor(&self) -> HalResult<String> {
        let text = self.text("cpuinfo")?;
        let name = text.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            (key.trim() == "model name").then(|| value.trim().to_owned())
        });
        Ok(name.unwrap_or_else(|| std::env::consts::ARCH.to_owned()))
    }

    pub(super) fn cores(&self) -> HalResult<u32> {
        let cores = self.text("cpuinfo")?.lines().filter(|line| line.starts_with("processor")).count();
        Ok(u32::try_from(cores).unwrap_or(u32::MAX))
    }

    pub(super) fn load(&self) -> HalResult<f32> {
        self.first("loadavg")
    }

    pub(super) fn uptime(&self) -> HalResult<u64> {
        // Whole seconds are enough, and the part behind the point is dropped on purpose.
        let seconds: String = self.first("uptime")?;
        let whole = seconds.split('.').next().unwrap_or_default();
        whole.parse().map_err(|_| malformed("uptime"))
    }

    /// This process's resident memory, bytes.
    pub(super) fn resident(&self) -> HalResult<u64> {
        let text = self.text("self/statm")?;
        let pages = text.split_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok());
        let page = sysconf(SysconfVar::PAGE_SIZE).ok().flatten().and_then(|size| u64::try_from(size).ok());
        Ok(pages.ok_or_else(|| malformed("self/statm"))? * page.unwrap_or(4096))
    }

    /// The first word of a file.
    fn first<T: std::str::FromStr>(&self, name: &str) -> HalResult<T> {
        let text = self.text(name)?;
        text.split_whitespace().next().and_then(|word| word.parse().ok()).ok_or_else(|| malformed(name))
    }
}

fn malformed(name: &str) -> HalError {
    HalError::new(HalErrorKind::Device, format!("understand /proc/{name}"))
}
