//! Under which unit this process logs to the journal, if it does (systemd.exec(5), `JOURNAL_STREAM`).

use std::fs;

use nix::sys::stat::fstat;

/// This process's unit, when its standard error is a stream to the journal.
pub(super) fn own_unit() -> Option<String> {
    let stream = std::env::var("JOURNAL_STREAM").ok()?;
    let error = fstat(std::io::stderr()).ok()?;
    // The variable is inherited; the stream may have been redirected since.
    if !is_stream(&stream, error.st_dev, error.st_ino) {
        return None;
    }
    unit_of(&fs::read_to_string("/proc/self/cgroup").ok()?)
}

/// Whether `JOURNAL_STREAM` (`device:inode`) names this file.
fn is_stream(stream: &str, device: u64, inode: u64) -> bool {
    let parsed =
        stream.split_once(':').and_then(|(d, i)| Some((d.parse::<u64>().ok()?, i.parse::<u64>().ok()?)));
    parsed == Some((device, inode))
}

/// The innermost service in `/proc/self/cgroup` (cgroups(7)), of systemd's own hierarchy.
fn unit_of(cgroup: &str) -> Option<String> {
    let path =
        cgroup.lines().find_map(|line| line.strip_prefix("0::").or(line.strip_prefix("1:name=systemd:")))?;
    path.rsplit('/').find(|part| part.ends_with(".service")).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_is_the_innermost_service() {
        assert_eq!(unit_of("0::/system.slice/anyad.service\n").as_deref(), Some("anyad.service"));
        let below = "0::/user.slice/user@1000.service/app.slice/anyad.service/worker\n";
        assert_eq!(unit_of(below).as_deref(), Some("anyad.service"));
        assert_eq!(unit_of("0::/user.slice/session-2.scope\n"), None);
        assert_eq!(unit_of("8:pids:/\n"), None);
    }

    #[test]
    fn a_redirected_stream_is_not_the_journal() {
        assert!(is_stream("8:4711", 8, 4711));
        assert!(!is_stream("8:4711", 8, 4712) && !is_stream("nonsense", 8, 4711));
    }
}
