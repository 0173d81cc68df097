//! The signals that end the service.

use std::io::Result;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Listens to SIGTERM and SIGINT from the moment it is made, so that one that comes during the start stops
/// in order too.
pub(crate) struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    /// Starts to listen.
    ///
    /// # Errors
    /// When the kernel does not let the service listen to signals.
    pub(crate) fn listen() -> Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for one. A second one ends the process at once, for who cannot wait.
    pub(crate) async fn asked_to_stop(mut self) {
        self.next().await;
        tokio::spawn(async move {
            self.next().await;
            std::process::exit(130);
        });
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
