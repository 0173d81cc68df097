//! A disk that is full: writing is refused and says so, reading goes on, also over a restart, and freed
//! room brings writing back.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use serde_json::json;

use crate::boxed::Box;

/// A small disk of its own.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// `None` where mounting is not permitted.
    fn of(mebibytes: u32) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let size = format!("size={mebibytes}m,mode=0700");
        let mounted =
            mount(Some("tmpfs"), folder.path(), Some("tmpfs"), MsFlags::empty(), Some(size.as_str()));
        match mounted {
            Ok(()) => Some(Self(folder)),
            Err(error) => {
                eprintln!("skipped: a small disk cannot be mounted here ({error})");
                None
            }
        }
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Fills it to the last byte.
    fn fill(&self) -> PathBuf {
        let path = self.path().join("filler");
        let mut file = fs::File::create(&path).unwrap();
        for length in [1 << 20, 4096, 1] {
            while file.write_all(&vec![1; length]).is_ok() {}
        }
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = umount2(self.path(), MntFlags::MNT_DETACH);
    }
}

#[test]
fn a_full_disk_refuses_writes_is_read_from_and_comes_back() {
    let Some(disk) = SmallDisk::of(64) else { return };
    let data = disk.path().join("box");
    let start = || {
        Box::start_in(&data, |command| {
            command.arg("--no-bitcoin");
        })
    };
    let mut started = start().claimed();
    let key = json!({"algorithm": "ed25519", "label": "before"});
    let made = started.post("/api/v1/security/keys", &key, 201);
    let api_key = started.api_key();

    let filler = disk.fill();
    let refused = started.post("/api/v1/security/keys", &json!({"algorithm": "ed25519", "label": "x"}), 507);
    assert_eq!(refused["type"], "urn:anya:problem:storage-full");
    assert!(!refused["next"].as_str().unwrap().is_empty());
    let keys = started.get("/api/v1/security/keys");
    assert_eq!(keys["items"][0]["id"], made["id"], "reading goes on");
    started.until("/readyz", |ready| {
        let parts = ready["components"].as_array().unwrap();
        parts.iter().any(|part| part["name"] == "storage" && part["state"] == "failed")
    });

    assert!(started.stop().success());
    let started = start().with_api_key(api_key);
    assert_eq!(started.get("/api/v1/security/keys")["items"][0]["id"], made["id"], "after a restart too");
    started.post("/api/v1/security/keys", &json!({"algorithm": "ed25519", "label": "x"}), 507);

    fs::remove_file(filler).unwrap();
    started.post("/api/v1/security/keys", &json!({"algorithm": "ed25519", "label": "after"}), 201);
    started.until("/readyz", |ready| {
        let parts = ready["components"].as_array().unwrap();
        parts.iter().any(|part| part["name"] == "storage" && part["state"] != "failed")
    });
}
