//! P-256 signatures over the API, beside the bare module's loop in this process.

use std::path::{Path, PathBuf};

use anyhow::Context;
use hal_api::{KeyAlgorithm, KeyId, KeySpec, SignatureScheme};
use hal_pkcs11::raw_loop::{RawLoop, sign_rate};
use hal_pkcs11::{Pkcs11Config, softhsm};
use serde_json::json;
use zeroize::Zeroizing;

use crate::Bench;
use crate::report::Report;
use crate::requests::{CONNECTIONS, Repeated, load, named};
use crate::service::Service;

const TOKEN: &str = "bench";
const KEY: KeyId = KeyId([0xbe; 16]);
/// The token lives as long as the run; its PIN protects nothing.
const PIN: &str = "271828182845";

/// A SoftHSM token of this process with one P-256 key.
pub(crate) struct Yardstick {
    module: PathBuf,
    pin: Zeroizing<String>,
}

impl Yardstick {
    /// Makes token and key. To be called before the process has a second thread.
    pub(crate) fn prepare(folder: &Path) -> anyhow::Result<Self> {
        let configuration = softhsm::prepare(folder)?;
        softhsm::set_environment(&configuration)?;
        let module = softhsm::find_module().context("SoftHSM is not installed")?;
        let pin = Zeroizing::new(PIN.to_owned());
        let config = Pkcs11Config::new(TOKEN, &module, TOKEN, pin.clone()).create_if_missing(pin.clone());
        let token = hal_pkcs11::open(config)?;
        token.keys.generate(&KeySpec { id: KEY, algorithm: KeyAlgorithm::P256, label: TOKEN.into() })?;
        token.probe.close();
        Ok(Self { module, pin })
    }

    fn rate(&self, threads: usize, bench: &Bench<'_>) -> anyhow::Result<f64> {
        let raw = RawLoop {
            module: &self.module,
            token_label: TOKEN,
            pin: &self.pin,
            key: KEY,
            scheme: SignatureScheme::EcdsaSha256,
        };
        let rate = tokio::task::block_in_place(|| sign_rate(&raw, threads, bench.duration))?;
        Ok(rate.per_second())
    }
}

/// One connection beside one thread, many beside as many threads as there are cores.
pub(crate) async fn measure(
    bench: &Bench<'_>,
    service: &Service,
    yardstick: &Yardstick,
    report: &mut Report,
) -> anyhow::Result<()> {
    let wanted = json!({"algorithm": "p256", "label": "bench"});
    let key = service.json("POST", "/api/v1/security/keys", &wanted).await?;
    let id = key["id"].as_str().context("the key has no id")?;
    let request = Repeated {
        method: "POST",
        path: format!("/api/v1/security/keys/{id}/sign"),
        authorization: service.authorization(),
        // 32 bytes of zero in base64.
        body: json!({"digest": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}).to_string().into(),
    };
    for connections in CONNECTIONS {
        let threads = connections.min(bench.threads);
        // Before and after, so that a machine that grows warm or busy hits both.
        let before = yardstick.rate(threads, bench)?;
        let load = load(service, &request, connections, bench.duration).await?;
        let raw = f64::midpoint(before, yardstick.rate(threads, bench)?);
        let row = report.add(&named("P-256 signature over the API", connections), load.rate, "/s");
        row.latency(&load).peer(&format!("PKCS#11 loop, {threads} thread(s)"), raw);
        if connections > 1 {
            row.aim("70 % of the loop");
        }
    }
    Ok(())
}
