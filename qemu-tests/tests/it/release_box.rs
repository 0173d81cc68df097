//! The release image after its first boot: claimed, with a key, a signature and a recovery key, switched
//! off. Made once, by the test that needs it first.

use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context, Result};
use image::build::Profile;
use qemu_tests::box_client::BoxClient;
use qemu_tests::disk::Disk;
use qemu_tests::lab::Lab;
use qemu_tests::machine::{Machine, Setup};
use qemu_tests::screen::{self, Picture};
use serde_json::{Value, json};

use crate::turn::Turn;

pub(crate) const MESSAGE: &str = "pay 1 to Bob";

/// What the first boot of the release image showed, and the machine that it left.
pub(crate) struct ReleaseBox {
    pub(crate) disk: Disk,
    pub(crate) api_key: String,
    /// The console, line by line.
    pub(crate) console: Vec<String>,
    pub(crate) picture: Picture,
    /// The key that was made, and its signature over [`MESSAGE`].
    pub(crate) key: Value,
    pub(crate) signature: Value,
    pub(crate) embeddings: Value,
    pub(crate) storage: Value,
    pub(crate) recovery_key: String,
}

/// The box; when its first boot failed, every test that needs it says why.
pub(crate) fn release_box(turn: &Turn) -> &'static ReleaseBox {
    static BOX: OnceLock<Result<ReleaseBox, String>> = OnceLock::new();
    match BOX.get_or_init(|| first_boot(&turn.lab).map_err(|error| format!("{error:#}"))) {
        Ok(made) => made,
        Err(error) => panic!("the first boot of the release image: {error}"),
    }
}

impl ReleaseBox {
    /// A copy of the box, switched off.
    pub(crate) fn copy(&self, turn: &Turn, name: &str) -> Copy {
        Copy(self.disk.copy(&turn.lab, name).unwrap())
    }

    /// A client of a copy that runs, signed in.
    pub(crate) fn client(&self, machine: &Machine) -> BoxClient {
        machine.client().with_key(&self.api_key)
    }

    /// Asserts that what the first boot made is there and works.
    pub(crate) fn assert_all_there(&self, client: &BoxClient) {
        let id = self.key["id"].as_str().unwrap();
        let path = format!("/api/v1/security/keys/{id}");
        assert_eq!(client.get(&path).unwrap()["public_key"]["pem"], self.key["public_key"]["pem"]);
        assert_eq!(client.get("/api/v1/access/session").unwrap()["user"]["username"], "ada");
        let verified = json!({"message": base64(MESSAGE), "signature": self.signature});
        assert_eq!(client.post(&format!("{path}/verify"), &verified, 200).unwrap()["valid"], true);
        client.post(&format!("{path}/sign"), &json!({"message": base64("again")}), 200).unwrap();
        let report = client.get("/api/v1/security/audit/verification").unwrap();
        assert_eq!(report["intact"], true, "{report}");
    }
}

/// A machine's folder of one test; what is large in it is removed when the test went well.
pub(crate) struct Copy(pub(crate) Disk);

impl Drop for Copy {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.0.discard();
        }
    }
}

pub(crate) fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

fn first_boot(lab: &Lab) -> Result<ReleaseBox> {
    let disk = Disk::new(lab, "release", &lab.disk(Profile::Release))?;
    let mut machine = Machine::start(lab, &disk, &Setup::default())?;
    machine.wait_ready()?;
    let code = machine.console_value("Claim code", Duration::from_secs(60))?;
    machine.console_value("Node", Duration::from_secs(60))?;
    let picture = screen::shoot(&mut machine, &lab.runs().join("tty1.png"))?;
    let console = machine.serial().lines().into_iter().map(|line| line.text).collect();
    let api_key = machine.client().claim(&code)?;
    let client = machine.client().with_key(&api_key);
    let new = json!({"algorithm": "p256", "label": "of the first boot"});
    let key = client.post("/api/v1/security/keys", &new, 201)?;
    let id = key["id"].as_str().context("a key without id")?;
    let message = json!({"message": base64(MESSAGE)});
    let signed = client.post(&format!("/api/v1/security/keys/{id}/sign"), &message, 200)?;
    let texts =
        json!({"model": "all-minilm-l6-v2", "input": ["a cat on a mat", "a kitten on a rug", "tax law"]});
    let embeddings = client.post("/v1/embeddings", &texts, 200)?;
    let made = client.post("/api/v1/storage/recovery-key", &json!({}), 201)?;
    let recovery_key = made["recovery_key"].as_str().context("no recovery key")?.to_owned();
    let storage = client.get("/api/v1/storage")?["volume"].clone();
    machine.power_down()?;
    let signature = signed["signature"].clone();
    Ok(ReleaseBox { disk, api_key, console, picture, key, signature, embeddings, storage, recovery_key })
}
