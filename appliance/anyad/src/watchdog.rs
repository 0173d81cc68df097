//! The watchdog: tells the service manager that the service is alive, as long as it is.

use std::sync::Arc;

use hal_api::ServiceManager;
use tokio::task::JoinHandle;

/// Tells the service manager at half the interval that it asks for, each time after `alive` said so
/// from a thread of the blocking pool: a service whose threads or store hang stops telling, and the
/// service manager starts it again.
pub(crate) fn start(
    manager: Arc<dyn ServiceManager>,
    alive: impl Fn() -> bool + Send + Sync + 'static,
) -> Option<JoinHandle<()>> {
    let interval = manager.watchdog_interval()? / 2;
    let alive = Arc::new(alive);
    Some(tokio::spawn(async move {
        let mut ticks = tokio::time::interval(interval);
        loop {
            ticks.tick().await;
            let alive = Arc::clone(&alive);
            if tokio::task::spawn_blocking(move || alive()).await.unwrap_or(false) {
                manager.alive();
            } else {
                tracing::error!("the service is not well: the watchdog is not told");
            }
        }
    }))
}
