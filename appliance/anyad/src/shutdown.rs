//! Stopping: parts are stopped in the reverse of the order in which they were started, each within
//! a bound, also when the start failed half-way.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

type Stop = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// What has to be stopped, in the order in which it was started.
#[derive(Default)]
pub(crate) struct Shutdown {
    parts: Vec<(&'static str, Duration, Stop)>,
}

impl Shutdown {
    /// Notes how a part that was just started is stopped, and how long that may take.
    pub(crate) fn after<F>(
        &mut self,
        part: &'static str,
        bound: Duration,
        stop: impl FnOnce() -> F + Send + 'static,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        self.parts.push((part, bound, Box::new(|| Box::pin(stop()))));
    }

    /// Notes a part whose stopping blocks.
    pub(crate) fn after_blocking(
        &mut self,
        part: &'static str,
        bound: Duration,
        stop: impl FnOnce() + Send + 'static,
    ) {
        self.after(part, bound, || async {
            if tokio::task::spawn_blocking(stop).await.is_err() {
                tracing::error!("a part broke while it was stopped");
            }
        });
    }

    /// Stops everything.
    pub(crate) async fn run(mut self) {
        while let Some((part, bound, stop)) = self.parts.pop() {
            match tokio::time::timeout(bound, stop()).await {
                Ok(()) => tracing::info!(part, "stopped"),
                Err(_) => tracing::error!(part, seconds = bound.as_secs(), "did not stop in time"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn parts_stop_in_reverse_and_a_stuck_one_holds_nobody_up() {
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut shutdown = Shutdown::default();
        for part in ["store", "tokens", "http"] {
            let order = Arc::clone(&order);
            shutdown.after(part, Duration::from_secs(1), move || async move {
                order.lock().unwrap().push(part);
                if part == "tokens" {
                    std::future::pending::<()>().await;
                }
            });
        }
        shutdown.run().await;
        assert_eq!(*order.lock().unwrap(), ["http", "tokens", "store"]);
    }
}
