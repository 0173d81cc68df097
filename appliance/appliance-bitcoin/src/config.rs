//! How the node is to run, and the files and arguments that follow from it.

use std::fs;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use appliance_core::node::{Chain, RestartPolicy};

/// Which ways of hearing of new blocks are used, where the node has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockSources {
    /// `waitfornewblock` over RPC.
    pub long_poll: bool,
    /// ZMQ's `hashblock`.
    pub zmq: bool,
}

/// Where peers may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listen {
    /// The address of this machine; every one when it is `None`.
    pub address: Option<IpAddr>,
    /// The port.
    pub port: u16,
}

/// How the node is to run.
#[derive(Clone, Debug)]
pub struct NodeConfig {
    /// The program.
    pub binary: PathBuf,
    /// Its data folder; made when it is absent, mode 0700.
    pub data_dir: PathBuf,
    /// The chain.
    pub chain: Chain,
    /// Port for RPC on 127.0.0.1; without one a free one is taken at each start.
    pub rpc_port: Option<u16>,
    /// Where peers may call; without it nobody can.
    pub listen: Option<Listen>,
    /// Where the program comes from, for people.
    pub source: String,
    /// More options for `bitcoin.conf`, names without `-`. The box's own ones, such as `rpcbind`, and
    /// malformed ones are refused: the node then does not start, and its status says so.
    pub extra: Vec<(String, String)>,
    /// When it is started again.
    pub restart: RestartPolicy,
    /// How often its state is asked for, beside what blocks tell.
    pub refresh: Duration,
    /// How long it may stay without any answer after its start. Loading, which it tells of, has no limit.
    pub answer_within: Duration,
    /// How new blocks become known.
    pub block_sources: BlockSources,
}

impl NodeConfig {
    /// A node with the box's defaults: a free port for RPC, no calls from peers, state every 5 s, 2
    /// minutes for the first answer, blocks by long poll and ZMQ.
    pub fn new(
        binary: impl Into<PathBuf>,
        data_dir: impl Into<PathBuf>,
        chain: Chain,
        source: impl Into<String>,
    ) -> Self {
        Self {
            binary: binary.into(),
            data_dir: data_dir.into(),
            chain,
            rpc_port: None,
            listen: None,
            source: source.into(),
            extra: Vec::new(),
            restart: RestartPolicy::default(),
            refresh: Duration::from_secs(5),
            answer_within: Duration::from_secs(120),
            block_sources: BlockSources { long_poll: true, zmq: true },
        }
    }
}

/// Where a program comes from, for people: the first line of the file that tells it, else its path.
pub fn source_of(binary: &Path, told_by: &Path) -> String {
    let told = fs::read_to_string(told_by).unwrap_or_default();
    match told.lines().next().map(str::trim) {
        Some(line) if !line.is_empty() => line.to_owned(),
        _ => format!("the program {}", binary.display()),
    }
}

/// One start of the node: its files are written, its ports chosen.
#[derive(Clone, Debug)]
pub(crate) struct Launch {
    pub(crate) binary: PathBuf,
    pub(crate) data_dir: PathBuf,
    pub(crate) cookie: PathBuf,
    pub(crate) rpc_port: u16,
    pub(crate) arguments: Vec<String>,
}

impl Launch {
    /// Makes the data folder and writes `bitcoin.conf`. The error says in plain words what to do.
    pub(crate) fn prepare(config: &NodeConfig) -> Result<Self, String> {
        let data_dir = absolute(&config.data_dir)?;
        let binary = absolute(&config.binary)?;
        let text = |path: &Path| {
            path.to_str().map(str::to_owned).ok_or_else(|| {
                format!("The path {} is not UTF-8: choose another folder for the node.", path.display())
            })
        };
        let cookie = data_dir.join("rpc.cookie");
        let file = data_dir.join("bitcoin.conf");
        let rpc_port = config.rpc_port.map_or_else(free_port, Ok)?;
        let contents = configuration(config, rpc_port, free_port()?)?;
        write_private(&data_dir, &file, &contents).map_err(|error| {
            format!(
                "The node's data folder {} cannot be written ({error}): make it writable for this user, or \
                 choose another one.",
                data_dir.display()
            )
        })?;
        let arguments = vec![
            format!("-datadir={}", text(&data_dir)?),
            format!("-conf={}", text(&file)?),
            format!("-rpccookiefile={}", text(&cookie)?),
        ];
        Ok(Self { binary, data_dir, cookie, rpc_port, arguments })
    }
}

fn absolute(path: &Path) -> Result<PathBuf, String> {
    std::path::absolute(path).map_err(|error| format!("The path {path:?} cannot be used: {error}."))
}

/// A port that is free now. Another program may take it before the node does: the next start asks again.
fn free_port() -> Result<u16, String> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| format!("No free port for the node on 127.0.0.1: {error}."))
}

/// Options that are the box's own: where the node lies, who may call it, and how it is found.
const RESERVED: &[&str] = &[
    "bind",
    "chain",
    "conf",
    "daemon",
    "daemonwait",
    "datadir",
    "includeconf",
    "listen",
    "port",
    "regtest",
    "rpcallowip",
    "rpcauth",
    "rpcbind",
    "rpccookiefile",
    "rpcpassword",
    "rpcport",
    "rpcuser",
    "server",
    "signet",
    "testnet",
    "testnet4",
    "zmqpubhashblock",
];

/// The text of `bitcoin.conf`.
fn configuration(config: &NodeConfig, rpc_port: u16, zmq_port: u16) -> Result<String, String> {
    let mut text = String::from("# Written by the box at each start of the node; changes here are lost.\n");
    text.push_str(&format!("chain={}\n\n[{}]\n", config.chain.name(), config.chain.name()));
    let mut set = |name: &str, value: &str| text.push_str(&format!("{name}={value}\n"));
    set("server", "1");
    set("daemon", "0");
    set("rpcbind", "127.0.0.1");
    set("rpcallowip", "127.0.0.1");
    set("rpcport", &rpc_port.to_string());
    // Else a node that listens looks for a Tor daemon of this machine.
    set("listenonion", "0");
    match config.listen {
        Some(Listen { address, port }) => {
            set("listen", "1");
            set("port", &port.to_string());
            if let Some(address) = address {
                set("bind", &SocketAddr::new(address, port).to_string());
            }
        }
        None => set("listen", "0"),
    }
    // A node built without ZMQ takes the option and does nothing with it.
    if config.block_sources.zmq {
        set("zmqpubhashblock", &format!("tcp://127.0.0.1:{zmq_port}"));
    }
    for (name, value) in &config.extra {
        let named = !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if !named || value.contains(['\n', '\r', '#']) {
            return Err(format!(
                "The option {name:?} for the node is malformed: correct the box's configuration."
            ));
        }
        if RESERVED.contains(&name.as_str()) {
            return Err(format!(
                "The option {name:?} for the node is the box's own: take it out of the box's configuration."
            ));
        }
        set(name, value);
    }
    Ok(text)
}

/// Writes a file that only its owner can read; it is whole or not there.
fn write_private(folder: &Path, file: &Path, contents: &str) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let draft = file.with_extension("conf.new");
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut output = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    output.write_all(contents.as_bytes())?;
    fs::rename(&draft, file)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn config(folder: &Path) -> NodeConfig {
        NodeConfig::new("/usr/bin/bitcoind", folder.join("node"), Chain::Regtest, "test")
    }

    #[test]
    fn files_are_for_the_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            let launch = Launch::prepare(&config(folder.path())).unwrap();
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(&launch.data_dir), 0o700);
            assert_eq!(mode(&launch.data_dir.join("bitcoin.conf")), 0o600);
        }
    }

    #[test]
    fn extra_options_cannot_break_out() {
        let mut config = config(Path::new("/nowhere"));
        config.extra = vec![("networkactive".to_owned(), "0".to_owned())];
        let text = configuration(&config, 1, 2).unwrap();
        assert!(text.contains("[regtest]\n") && text.ends_with("networkactive=0\n"), "{text}");
        let bad = [("a", "1\nrpcauth=x"), ("", "1"), ("[main]\na", "1"), ("a", "1#"), ("rpcbind", "0.0.0.0")];
        for (name, value) in bad {
            config.extra = vec![(name.to_owned(), value.to_owned())];
            assert!(configuration(&config, 1, 2).is_err(), "{name:?} {value:?}");
        }
    }

    #[test]
    fn the_source_is_told_by_its_file_or_is_the_program() {
        let folder = tempfile::tempdir().unwrap();
        let (binary, file) = (Path::new("/usr/bin/bitcoind"), folder.path().join("SOURCE"));
        assert_eq!(source_of(binary, &file), "the program /usr/bin/bitcoind");
        fs::write(&file, "Bitcoin Core, a release\n").unwrap();
        assert_eq!(source_of(binary, &file), "Bitcoin Core, a release");
    }

    #[test]
    fn a_folder_that_cannot_be_made_says_so() {
        let mut config = config(Path::new("/proc"));
        config.data_dir = "/proc/none".into();
        let detail = Launch::prepare(&config).unwrap_err();
        assert!(detail.contains("/proc/none") && detail.contains("choose another"), "{detail}");
    }
}
