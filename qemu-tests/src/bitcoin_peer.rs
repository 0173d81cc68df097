//! Another Bitcoin node, as far as it says hello: does a node answer at this port?

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};

/// How messages on regtest begin (`pchMessageStart` in `src/kernel/chainparams.cpp` of Bitcoin Core).
const REGTEST: [u8; 4] = [0xfa, 0xbf, 0xb5, 0xda];
/// Emulated machines take their time.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whether a node on regtest answers a hello at this port of loopback with its own.
#[must_use]
pub fn answers(port: u16) -> bool {
    let said = || -> std::io::Result<[u8; 24]> {
        let mut node = TcpStream::connect(("127.0.0.1", port))?;
        node.set_read_timeout(Some(PATIENCE))?;
        node.write_all(&message("version", &version()))?;
        let mut header = [0; 24];
        node.read_exact(&mut header)?;
        Ok(header)
    };
    said().is_ok_and(|header| header[..4] == REGTEST && header[4..11] == *b"version")
}

/// A message with its header: start, command, length, and the first bytes of the doubly hashed payload.
fn message(command: &str, payload: &[u8]) -> Vec<u8> {
    let mut name = [0; 12];
    name[..command.len()].copy_from_slice(command.as_bytes());
    let length = u32::try_from(payload.len()).expect("a hello is short");
    let hash = digest(&SHA256, digest(&SHA256, payload).as_ref());
    [&REGTEST[..], &name, &length.to_le_bytes(), &hash.as_ref()[..4], payload].concat()
}

/// The hello of a node that has nothing: version 70016, no services, no time, two empty addresses, a
/// nonce, no name, height 0, no relay.
fn version() -> Vec<u8> {
    let addresses = [0; 52];
    [&70_016_i32.to_le_bytes()[..], &[0; 16], &addresses, &7_u64.to_le_bytes(), &[0], &[0; 4], &[0]].concat()
}
