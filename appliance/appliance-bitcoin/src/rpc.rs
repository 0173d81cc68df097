//! The node's RPC, as far as the box uses it. Every call has a limit in time.

use std::path::Path;
use std::time::Duration;

use corepc_client::{Auth, Client};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::error::RpcError;

/// For calls that answer at once on a node that is well.
const CALL_LIMIT: Duration = Duration::from_secs(15);
/// How long the node holds a long poll open. The HTTP client below gives up after 60 s.
const POLL_HOLD: Duration = Duration::from_secs(40);
/// For a long poll: what the node holds it, and some.
const POLL_LIMIT: Duration = Duration::from_secs(55);
/// For making blocks.
const GENERATE_LIMIT: Duration = Duration::from_secs(55);

/// The last block of the node's best chain.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Tip {
    pub(crate) hash: String,
    pub(crate) height: u64,
}

/// What the box reads of `getblockchaininfo`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct BlockchainInfo {
    pub(crate) chain: String,
    pub(crate) blocks: u64,
    pub(crate) headers: u64,
    #[serde(rename = "bestblockhash")]
    pub(crate) best_block_hash: String,
    #[serde(rename = "verificationprogress")]
    pub(crate) verification_progress: f64,
    #[serde(rename = "initialblockdownload")]
    pub(crate) initial_block_download: bool,
}

/// What the box reads of `getnetworkinfo`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct NetworkInfo {
    pub(crate) subversion: String,
    #[serde(rename = "localservicesnames", default)]
    pub(crate) services: Vec<String>,
    #[serde(default)]
    pub(crate) connections_in: u32,
    #[serde(default)]
    pub(crate) connections_out: u32,
}

/// What the box reads of `getblockheader`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Header {
    pub(crate) height: u64,
    #[serde(rename = "previousblockhash")]
    pub(crate) previous: Option<String>,
}

#[derive(Deserialize)]
struct ZmqNotification {
    #[serde(rename = "type")]
    kind: String,
    address: String,
}

/// A connection to the node of one start. Its password changes with each start.
pub(crate) struct Rpc {
    client: Client,
}

impl Rpc {
    /// Reads the cookie; the node itself is not called.
    pub(crate) fn new(port: u16, cookie: &Path) -> Result<Self, RpcError> {
        let url = format!("http://127.0.0.1:{port}");
        let client = Client::new_with_auth(&url, Auth::CookieFile(cookie.to_owned()))
            .map_err(|source| RpcError::Cookie { path: cookie.to_owned(), source })?;
        Ok(Self { client })
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: &'static str,
        arguments: &[Value],
        limit: Duration,
    ) -> Result<T, RpcError> {
        let call = self.client.call(method, arguments);
        let answer = tokio::time::timeout(limit, call).await;
        answer.map_err(|_| RpcError::Timeout { method, after: limit })?.map_err(|error| match error {
            corepc_client::Error::JsonRpc(jsonrpc::Error::Rpc(error)) => {
                RpcError::Rpc { method, code: error.code, message: error.message }
            }
            source => RpcError::Call { method, source },
        })
    }

    pub(crate) async fn blockchain_info(&self) -> Result<BlockchainInfo, RpcError> {
        self.call("getblockchaininfo", &[], CALL_LIMIT).await
    }

    pub(crate) async fn network_info(&self) -> Result<NetworkInfo, RpcError> {
        self.call("getnetworkinfo", &[], CALL_LIMIT).await
    }

    /// The whole answer: the guard looks at what it does not know, too.
    pub(crate) async fn deployment_info(&self) -> Result<Value, RpcError> {
        self.call("getdeploymentinfo", &[], CALL_LIMIT).await
    }

    pub(crate) async fn block_hash(&self, height: u64) -> Result<String, RpcError> {
        self.call("getblockhash", &[json!(height)], CALL_LIMIT).await
    }

    pub(crate) async fn header(&self, hash: &str) -> Result<Header, RpcError> {
        self.call("getblockheader", &[json!(hash), json!(true)], CALL_LIMIT).await
    }

    /// Waits until the tip is another than this one; answers the same one after a while without.
    pub(crate) async fn wait_for_new_block(&self, current: &str) -> Result<Tip, RpcError> {
        let hold = u64::try_from(POLL_HOLD.as_millis()).expect("40 s in ms fit into 64 bits");
        self.call("waitfornewblock", &[json!(hold), json!(current)], POLL_LIMIT).await
    }

    /// Where the node tells of blocks by ZMQ; `None` when it was built without, or is not set to.
    pub(crate) async fn zmq_block_address(&self) -> Result<Option<String>, RpcError> {
        let answer: Result<Vec<ZmqNotification>, _> = self.call("getzmqnotifications", &[], CALL_LIMIT).await;
        match answer {
            Ok(list) => Ok(list.into_iter().find(|n| n.kind == "pubhashblock").map(|n| n.address)),
            Err(error) if error.is_unknown_method() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes blocks whose reward nobody can spend (an output of OP_RETURN alone); regtest only.
    pub(crate) async fn generate(&self, count: u32) -> Result<Vec<String>, RpcError> {
        self.call("generatetodescriptor", &[json!(count), json!("raw(6a)")], GENERATE_LIMIT).await
    }

    pub(crate) async fn stop(&self, limit: Duration) -> Result<(), RpcError> {
        self.call::<Value>("stop", &[], limit).await.map(drop)
    }
}
