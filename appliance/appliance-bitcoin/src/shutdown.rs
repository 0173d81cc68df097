//! Ends the node's process within a bound: by RPC, then by SIGTERM, then by SIGKILL.

use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::time::{Instant, timeout, timeout_at};

use crate::process::Process;
use crate::rpc::Rpc;

/// For a process that SIGKILL was sent to: the kernel may take a while to end it.
const AFTER_KILL: Duration = Duration::from_secs(5);

/// Ends the process. The orderly way has nine tenths of the time until the deadline: the node writes its
/// state to disk then.
pub(crate) async fn bring_down(process: &Process, rpc: Option<&Rpc>, deadline: Instant) {
    let budget = deadline.saturating_duration_since(Instant::now());
    let asked = match rpc {
        Some(rpc) => rpc.stop(budget / 4).await.is_ok(),
        None => false,
    };
    if !asked {
        // While it loads it takes no calls, but this.
        process.signal(Signal::SIGTERM);
    }
    if timeout_at(deadline - budget / 10, process.exited()).await.is_ok() {
        return;
    }
    if asked {
        process.signal(Signal::SIGTERM);
    }
    if timeout_at(deadline, process.exited()).await.is_err() {
        tracing::warn!("the node did not end in time and is killed");
        process.signal(Signal::SIGKILL);
        if timeout(AFTER_KILL, process.exited()).await.is_err() {
            tracing::error!("the node's process does not end");
        }
    }
}
