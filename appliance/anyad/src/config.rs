//! Configuration: a TOML file, over it the environment, over that the flags.
//!
//! An environment variable is `ANYAD_` and the key's path with `__` between its parts:
//! `ANYAD_HTTP__LISTEN='["127.0.0.1:8443"]'`. An unknown key or a value of the wrong type is an error
//! that names where it stands, which key it is and what was expected.

mod load;

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use appliance_core::node::Chain;
use serde::{Deserialize, Serialize};

use crate::cli::{LogFormat, TpmMode};

pub(crate) use load::load;

/// Everything that can be configured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    pub(crate) http: Http,
    pub(crate) data: Data,
    pub(crate) console: Console,
    pub(crate) log: Log,
    pub(crate) tokens: Tokens,
    pub(crate) bitcoin: Bitcoin,
    pub(crate) models: Models,
}

/// The web server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Http {
    /// Addresses to listen on.
    pub(crate) listen: Vec<SocketAddr>,
    /// Names in the certificate, beside the addresses; the first one is shown to people.
    pub(crate) hostnames: Vec<String>,
    /// How long requests under way may take once the service stops, seconds.
    pub(crate) drain_seconds: u64,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: vec![(Ipv4Addr::LOCALHOST, 8443).into(), (Ipv6Addr::LOCALHOST, 8443).into()],
            hostnames: vec!["localhost".into()],
            drain_seconds: 5,
        }
    }
}

/// Where everything is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Data {
    /// The folder; made with mode 0700 when missing.
    pub(crate) directory: PathBuf,
}

impl Default for Data {
    fn default() -> Self {
        Self { directory: ".anya".into() }
    }
}

/// Where the claim code and the address are shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Console {
    /// A file or device such as `/dev/console`; `-` is standard output.
    pub(crate) path: PathBuf,
}

impl Default for Console {
    fn default() -> Self {
        Self { path: "-".into() }
    }
}

/// Logging, to standard error.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Log {
    /// The least important lines to log, in the syntax of `tracing`'s `EnvFilter`. Unset: `info`, and on a
    /// terminal, where the console shows what people need, `warn`; the log view has the rest.
    pub(crate) level: Option<String>,
    /// How lines look.
    pub(crate) format: LogFormat,
}

/// The HSMs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Tokens {
    pub(crate) pkcs11: Pkcs11,
    pub(crate) tpm: Tpm,
}

/// The SoftHSM token that the service makes for itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Pkcs11 {
    /// The module; found in the usual places when unset.
    pub(crate) module: Option<PathBuf>,
    /// The token's label.
    pub(crate) label: String,
}

impl Default for Pkcs11 {
    fn default() -> Self {
        Self { module: None, label: "anya".into() }
    }
}

/// The TPM.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Tpm {
    /// Which one.
    pub(crate) mode: TpmMode,
    /// The device, where the mode is `device`.
    pub(crate) device: PathBuf,
}

impl Default for Tpm {
    fn default() -> Self {
        Self { mode: TpmMode::Off, device: "/dev/tpmrm0".into() }
    }
}

/// The Bitcoin node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Bitcoin {
    /// Whether there is one.
    pub(crate) enabled: bool,
    /// The `bitcoind` program; looked for on the `PATH` when unset.
    pub(crate) binary: Option<PathBuf>,
    /// Where that program comes from, for the node page; when unset, what lies beside it says so.
    pub(crate) source: Option<String>,
    /// The chain it follows.
    pub(crate) chain: Chain,
    /// Keep it off every network: it has no peers and asks nobody.
    pub(crate) offline: bool,
    /// Port where other nodes may call; nobody can when unset.
    pub(crate) listen_port: Option<u16>,
    /// How long it may take to stop before it is killed, seconds.
    pub(crate) stop_seconds: u64,
}

impl Default for Bitcoin {
    fn default() -> Self {
        Self {
            enabled: true,
            binary: None,
            source: None,
            chain: Chain::Regtest,
            offline: false,
            listen_port: None,
            stop_seconds: 60,
        }
    }
}

/// The models.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Models {
    /// The folder with one folder a model; `models` in the data folder when unset.
    pub(crate) directory: Option<PathBuf>,
}
