//! Configuration: a TOML file, over it the environment, over that the flags.
//!
//! An environment variable is `ANYAD_` and the key's path with `__` between its parts:
//! `ANYAD_HTTP__LISTEN='["127.0.0.1:8443"]'`. An unknown key or a value of the wrong type is an error
//! that names where it stands, which key it is and what was expected.

mod load;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use appliance_core::node::Chain;
use serde::{Deserialize, Serialize};

use crate::cli::{LogFormat, TpmMode};

pub(crate) use load::load;

/// Everything that can be configured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    pub(crate) appliance: Appliance,
    pub(crate) http: Http,
    pub(crate) mdns: Mdns,
    pub(crate) data: Data,
    pub(crate) console: Console,
    pub(crate) log: Log,
    pub(crate) tokens: Tokens,
    pub(crate) bitcoin: Bitcoin,
    pub(crate) models: Models,
    pub(crate) updates: Updates,
}

/// What only a machine that runs the box's image has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Appliance {
    /// Whether this is such a machine.
    pub(crate) enabled: bool,
    /// The socket of the program that looks after the data partition.
    pub(crate) volume_socket: PathBuf,
}

impl Default for Appliance {
    fn default() -> Self {
        Self { enabled: false, volume_socket: "/run/anya-data/socket".into() }
    }
}

/// The web server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Http {
    /// Addresses to listen on.
    pub(crate) listen: Vec<SocketAddr>,
    /// Names in the certificate, beside the addresses; the first one is shown to people.
    pub(crate) hostnames: Vec<String>,
    /// Whether addresses that the machine gains later get into the certificate and onto the console.
    pub(crate) follow_network: bool,
    /// How long requests under way may take once the service stops, seconds.
    pub(crate) drain_seconds: u64,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: vec![(Ipv4Addr::LOCALHOST, 8443).into(), (Ipv6Addr::LOCALHOST, 8443).into()],
            hostnames: vec!["localhost".into()],
            follow_network: false,
            drain_seconds: 5,
        }
    }
}

/// The box's name on the local network (multicast DNS, RFC 6762).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Mdns {
    /// Whether the box has one.
    pub(crate) enabled: bool,
    /// The name before `.local`; when another machine has it, the box takes this one with a number.
    pub(crate) name: String,
}

impl Default for Mdns {
    fn default() -> Self {
        Self { enabled: false, name: "anya".into() }
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
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Console {
    /// Files or devices such as `/dev/tty1`; `-` is standard output, which is also meant when none is
    /// named. One that cannot be opened does no harm as long as another can.
    pub(crate) paths: Vec<PathBuf>,
    /// One more of them.
    pub(crate) path: Option<PathBuf>,
}

impl Console {
    /// Every device to show things on.
    pub(crate) fn all(&self) -> Vec<PathBuf> {
        let all: Vec<PathBuf> = self.paths.iter().chain(&self.path).cloned().collect();
        if all.is_empty() { vec!["-".into()] } else { all }
    }

    /// Whether the box's health is shown: to who stands before a box, not on a developer's terminal.
    pub(crate) fn shows_health(&self) -> bool {
        self.all().iter().any(|path| path.as_os_str() != "-")
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

/// The SoftHSM token that the service makes for itself, and modules for the tokens of people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Pkcs11 {
    /// The module; found in the usual places when unset.
    pub(crate) module: Option<PathBuf>,
    /// The token's label.
    pub(crate) label: String,
    /// Modules for tokens that people plug in.
    pub(crate) modules: Vec<TokenModule>,
}

impl Default for Pkcs11 {
    fn default() -> Self {
        Self { module: None, label: "anya".into(), modules: Vec::new() }
    }
}

/// A PKCS#11 module for tokens that come and go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenModule {
    /// The library. One that is not there is passed over.
    pub(crate) path: PathBuf,
    /// Only the token of this label; every token of the module when unset.
    #[serde(default)]
    pub(crate) label: Option<String>,
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
    /// Where that program comes from, for the node page; when unset, `source_file` says so.
    pub(crate) source: Option<String>,
    /// A file whose first line tells it; `SOURCE` beside the program when unset.
    pub(crate) source_file: Option<PathBuf>,
    /// The chain it follows.
    pub(crate) chain: Chain,
    /// Keep it off every network: it has no peers and asks nobody.
    pub(crate) offline: bool,
    /// Address of this machine where other nodes may call, once the owner lets them; every one when unset.
    pub(crate) listen_address: Option<IpAddr>,
    /// Its port; the chain's usual one when unset.
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
            source_file: None,
            chain: Chain::Regtest,
            offline: false,
            listen_address: None,
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

/// Updates of the box's own software, on a machine that runs the box's image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Updates {
    /// The socket of the program that looks after the slots.
    pub(crate) keeper_socket: PathBuf,
    /// The list of those who may sign updates. Without it, none is taken.
    pub(crate) signers: PathBuf,
    /// The folder below which the system mounts media that are plugged in, each in a folder of its own.
    pub(crate) media: PathBuf,
    /// Where updates come from until the owner says otherwise.
    pub(crate) server: Option<String>,
}

impl Default for Updates {
    fn default() -> Self {
        Self {
            keeper_socket: "/run/anya-slots/socket".into(),
            signers: "/usr/lib/anya/signers/1.json".into(),
            media: "/run/anya-media".into(),
            server: None,
        }
    }
}
