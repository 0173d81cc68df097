//! The thread that owns the TPM, and the bounded queue before it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use hal_api::{HalError, HalErrorKind, HalResult};
use tss_esapi::{Context, Error};

use crate::config::{OpenError, TpmConfig};
use crate::connection::Connection;
use crate::error_map::{connection_is_lost, hal_error};

/// Why a step inside the thread failed.
pub(crate) enum StepError {
    /// The TPM said so; connecting anew may cure it.
    Tpm(Error),
    /// The adapter itself said so; final.
    Port(HalError),
}

impl From<Error> for StepError {
    fn from(error: Error) -> Self {
        Self::Tpm(error)
    }
}

impl From<HalError> for StepError {
    fn from(error: HalError) -> Self {
        Self::Port(error)
    }
}

/// The thread's state.
struct Owner {
    tcti: String,
    connection: Option<Connection>,
}

impl Owner {
    /// Runs a step; when the connection was lost, connects and runs it once more. Every step may be
    /// repeated: the TPM itself keeps nothing of it.
    fn run<T>(
        &mut self,
        operation: &str,
        step: &mut dyn FnMut(&mut Connection) -> Result<T, StepError>,
    ) -> HalResult<T> {
        let mut fresh = false;
        loop {
            let connection = match &mut self.connection {
                Some(connection) => connection,
                None => {
                    fresh = true;
                    let opened = Connection::tcti(&self.tcti).and_then(Connection::open);
                    let opened = opened
                        .map_err(|error| hal_error(format!("connect to the TPM to {operation}"), error))?;
                    self.connection.insert(opened)
                }
            };
            match step(connection) {
                Ok(value) => return Ok(value),
                Err(StepError::Port(error)) => return Err(error),
                Err(StepError::Tpm(error)) if connection_is_lost(&error) => {
                    self.connection = None;
                    if fresh {
                        return Err(hal_error(operation, error));
                    }
                    tracing::info!(%error, "the TPM was gone or reset: connecting anew");
                }
                Err(StepError::Tpm(error)) => return Err(hal_error(operation, error)),
            }
        }
    }
}

type Job = Box<dyn FnOnce(&mut Owner) + Send>;

struct Line {
    queue: SyncSender<Job>,
    /// Disconnects when the thread has ended.
    ended: Receiver<()>,
}

/// The way to the thread.
pub(crate) struct Actor {
    /// `None` once closed.
    line: Mutex<Option<Line>>,
    call_timeout: Duration,
}

impl Actor {
    /// Starts the thread and waits until it is connected.
    pub(crate) fn start(config: &TpmConfig) -> Result<Self, OpenError> {
        let (queue, jobs) = sync_channel::<Job>(config.queue.max(1));
        let (end, ended) = sync_channel::<()>(1);
        let (report, started) = sync_channel(1);
        let tcti = config.tcti.clone();
        thread::Builder::new()
            .name("tpm".into())
            .spawn(move || {
                let opened = connect(&tcti);
                let (connection, outcome) = match opened {
                    Ok(connection) => (Some(connection), Ok(())),
                    Err(error) => (None, Err(error)),
                };
                let go_on = outcome.is_ok();
                if report.send(outcome).is_err() || !go_on {
                    return;
                }
                let mut owner = Owner { tcti, connection };
                for job in jobs {
                    job(&mut owner);
                }
                // Flushes what is loaded before the end is known.
                drop(owner);
                drop(end);
            })
            .map_err(|source| OpenError::Thread { source })?;
        match started.recv() {
            Ok(outcome) => outcome?,
            Err(_) => {
                let source = std::io::Error::other("it ended while connecting");
                return Err(OpenError::Thread { source });
            }
        }
        Ok(Self { line: Mutex::new(Some(Line { queue, ended })), call_timeout: config.call_timeout })
    }

    fn line(&self) -> MutexGuard<'_, Option<Line>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fails with `Removed` once closed.
    pub(crate) fn check_open(&self, operation: &str) -> HalResult<()> {
        if self.line().is_some() { Ok(()) } else { Err(HalError::new(HalErrorKind::Removed, operation)) }
    }

    /// Runs a step on the thread and waits for its result.
    pub(crate) fn call<T: Send + 'static>(
        &self,
        operation: String,
        mut step: impl FnMut(&mut Connection) -> Result<T, StepError> + Send + 'static,
    ) -> HalResult<T> {
        let fail = |kind| HalError::new(kind, operation.clone());
        let (reply, answer) = sync_channel(1);
        let abandoned = Arc::new(AtomicBool::new(false));
        let job: Job = {
            let (abandoned, operation) = (Arc::clone(&abandoned), operation.clone());
            Box::new(move |owner| {
                // Nobody waits for it any more, and the next in the queue does.
                if !abandoned.load(Ordering::Acquire) {
                    let _ = reply.send(owner.run(&operation, &mut step));
                }
            })
        };
        match self.line().as_ref().map(|line| line.queue.try_send(job)) {
            Some(Ok(())) => {}
            Some(Err(TrySendError::Full(_))) => return Err(fail(HalErrorKind::Busy)),
            Some(Err(TrySendError::Disconnected(_))) | None => return Err(fail(HalErrorKind::Removed)),
        }
        match answer.recv_timeout(self.call_timeout) {
            Ok(result) => result,
            Err(RecvTimeoutError::Timeout) => {
                abandoned.store(true, Ordering::Release);
                Err(fail(HalErrorKind::Timeout))
            }
            Err(RecvTimeoutError::Disconnected) => Err(fail(HalErrorKind::Removed)),
        }
    }

    /// Lets the calls in the queue end, unloads everything and disconnects; waits for it as long as for
    /// a call. Repeating is harmless.
    pub(crate) fn close(&self) {
        let Some(Line { queue, ended }) = self.line().take() else { return };
        drop(queue);
        if ended.recv_timeout(self.call_timeout) == Err(RecvTimeoutError::Timeout) {
            tracing::warn!("the TPM does not answer; its thread is left behind");
        }
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        self.close();
    }
}

fn connect(tcti: &str) -> Result<Connection, OpenError> {
    let conf = Connection::tcti(tcti).map_err(|source| OpenError::Tcti { tcti: tcti.to_owned(), source })?;
    let context =
        Context::new(conf).map_err(|source| OpenError::Connect { tcti: tcti.to_owned(), source })?;
    Connection::with_primary(context).map_err(|error| OpenError::Prepare {
        tcti: tcti.to_owned(),
        source: hal_error("make the storage primary", error),
    })
}
