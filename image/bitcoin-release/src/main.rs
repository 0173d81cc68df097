//! `bitcoin-release`: gets the official release of Bitcoin Core that a lock file pins.

use std::path::PathBuf;

use bitcoin_release::fetch::{Bounds, Order, fetch};
use clap::{Parser, Subcommand};

/// Gets the official release of Bitcoin Core that a lock file pins
#[derive(Debug, Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Fetch, check the builders' signatures and the hashes, and unpack bitcoind and bitcoin-cli
    Fetch {
        /// The lock file
        #[arg(long, value_name = "FILE", default_value = "image/bitcoin.toml")]
        lock: PathBuf,
        /// The folder with the builders' certificates [default: bitcoin-keys beside the lock file]
        #[arg(long, value_name = "DIR")]
        keys: Option<PathBuf>,
        /// The architecture, as uname -m tells it
        #[arg(long, default_value = std::env::consts::ARCH)]
        arch: String,
        /// The folder to make, with bitcoind, bitcoin-cli and SOURCE
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// Another place to fetch from; the checks stay the same
        #[arg(long, value_name = "URL")]
        base_url: Option<String>,
    },
}

fn main() -> anyhow::Result<()> {
    let Command::Fetch { lock, keys, arch, out, base_url } = Arguments::parse().command;
    let keys = keys.unwrap_or_else(|| lock.with_file_name("bitcoin-keys"));
    let order = Order { lock, keys, arch, out, base_url, bounds: Bounds::default() };
    let source = fetch(&order)?;
    #[expect(clippy::print_stdout, reason = "the result of the program")]
    {
        println!("{source}");
    }
    Ok(())
}
