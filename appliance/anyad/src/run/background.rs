//! What nobody waits for when the box starts: it begins once the box answers, and takes no time from that.

use std::sync::Arc;

use anyhow::Result;
use appliance_bitcoin::BitcoinNode;

use super::STOP_BOUND;
use crate::accelerators::Accelerators;
use crate::console::Console;
use crate::shutdown::Shutdown;
use crate::tokens::plugged::PluggedTokens;
use crate::updates::SlotUpdates;

/// Parts that are there, and do nothing yet.
pub(super) struct Background {
    /// The node, unless the box runs without one.
    pub(super) bitcoind: Option<Arc<BitcoinNode>>,
    /// Updates, on a machine that has slots.
    pub(super) updates: Option<SlotUpdates>,
    /// The tokens that people plug in.
    pub(super) plugged: Arc<PluggedTokens>,
    /// What models could run on.
    pub(super) accelerators: Accelerators,
}

impl Background {
    /// Lets them begin.
    ///
    /// # Errors
    /// When no thread can be started.
    pub(super) async fn begin(self, console: &Arc<Console>, shutdown: &mut Shutdown) -> Result<()> {
        if let Some(watching) = self.plugged.watch() {
            shutdown.after("token watch", STOP_BOUND, move || async move { watching.abort() });
        }
        if let Some(updates) = self.updates {
            updates.follow()?;
        }
        self.accelerators.search(Arc::clone(console))?;
        if let Some(bitcoind) = self.bitcoind {
            bitcoind.start().await;
        }
        Ok(())
    }
}
