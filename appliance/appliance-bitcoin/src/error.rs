//! What can go wrong while talking to the node.

use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

/// A call to the node that failed.
#[derive(Debug, Error)]
pub(crate) enum RpcError {
    /// The file with the RPC password could not be read.
    #[error("reading the RPC cookie {}", .path.display())]
    Cookie {
        /// Where it should be.
        path: PathBuf,
        /// Why not.
        #[source]
        source: corepc_client::Error,
    },
    /// The node answered with an error.
    #[error("the node refused {method}: {message} (code {code})")]
    Rpc {
        /// The RPC method.
        method: &'static str,
        /// The code, as `src/rpc/protocol.h` of Bitcoin Core lists them.
        code: i32,
        /// What the node says.
        message: String,
    },
    /// The node could not be reached, or its answer could not be read.
    #[error("calling {method}")]
    Call {
        /// The RPC method.
        method: &'static str,
        /// Why not.
        #[source]
        source: corepc_client::Error,
    },
    /// The node did not answer in time.
    #[error("the node did not answer {method} within {} s", .after.as_secs())]
    Timeout {
        /// The RPC method.
        method: &'static str,
        /// How long was waited.
        after: Duration,
    },
}

/// `RPC_IN_WARMUP`: the node is loading and takes no calls yet.
const IN_WARMUP: i32 = -28;
/// `RPC_METHOD_NOT_FOUND`.
const METHOD_NOT_FOUND: i32 = -32601;

impl RpcError {
    /// What the node says it is doing, when it is not ready for calls yet.
    pub(crate) fn warm_up(&self) -> Option<&str> {
        match self {
            Self::Rpc { code: IN_WARMUP, message, .. } => Some(message),
            _ => None,
        }
    }

    pub(crate) fn is_unknown_method(&self) -> bool {
        matches!(self, Self::Rpc { code: METHOD_NOT_FOUND, .. })
    }

    /// The error and its cause in one line. The client's errors tell their own causes.
    pub(crate) fn in_full(&self) -> String {
        match std::error::Error::source(self) {
            Some(cause) => format!("{self}: {cause}"),
            None => self.to_string(),
        }
    }
}
