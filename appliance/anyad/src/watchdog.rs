//! The watchdog: tells the service manager that the service is alive, as long as it is.

use std::sync::Arc;

use hal_api::ServiceManager;
use tokio::task::JoinHandle;

/// Tells the service manager at half the interval that it asks for, each time after `answer` returned on
/// a blocking thread: a service whose threads or store hang stops telling, and the service manager starts
/// it again.
pub(crate) fn start(
    manager: Arc<dyn ServiceManager>,
    answer: impl Fn() + Send + Sync + 'static,
) -> Option<JoinHandle<()>> {
    let interval = manager.watchdog_interval()? / 2;
    let answer = Arc::new(answer);
    Some(tokio::spawn(async move {
        let mut ticks = tokio::time::interval(interval);
        loop {
            ticks.tick().await;
            let answer = Arc::clone(&answer);
            match tokio::task::spawn_blocking(move || answer()).await {
                Ok(()) => manager.alive(),
                Err(error) => tracing::error!(%error, "the service is not well: the watchdog is not told"),
            }
        }
    }))
}
