//! The writer: one thread, one connection, one commit for all changes that wait.

use std::sync::mpsc::{Receiver, Sender, SyncSender, TrySendError, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use appliance_core::audit::{ChainHash, GENESIS};
use appliance_core::storage::{StorageError, StorageErrorKind, StorageResult};
use rusqlite::{Connection, OptionalExtension};

use crate::StoreError;
use crate::columns::parsed;
use crate::error_map::{Failure, SharedError, kind_of};

/// Changes that may wait; one more is told that the store is busy.
const QUEUE: usize = 1024;
/// Changes in one commit at most.
const BATCH: usize = 256;
/// The longest wait for callers that are likely to come back.
const LONGEST_WAIT: Duration = Duration::from_millis(1);

/// The newest entry of the audit log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) sequence: u64,
    pub(crate) hash: ChainHash,
}

/// What the writer tells others.
pub(crate) struct Shared {
    /// The newest entry that is committed.
    pub(crate) head: Mutex<Head>,
    /// Why the last commit failed; `None` when it did not.
    pub(crate) failing: Mutex<Option<String>>,
}

/// Something for the writer to do.
enum Message {
    Change(Box<dyn Job>),
    /// Between two transactions.
    Alone(Box<dyn FnOnce(&mut Connection) + Send>),
    Close(Sender<rusqlite::Result<()>>),
}

/// A change and who waits for it.
trait Job: Send {
    /// Runs in the transaction.
    fn run(&mut self, connection: &Connection, head: &mut Head) -> Result<(), StorageErrorKind>;
    /// Tells who waits, after the commit or its failure.
    fn answer(self: Box<Self>, commit: Result<(), &Uncommitted>);
}

/// Why a whole commit failed.
#[derive(Clone)]
struct Uncommitted {
    kind: StorageErrorKind,
    source: Option<SharedError>,
}

struct Change<F, T> {
    operation: &'static str,
    run: Option<F>,
    result: Option<Result<T, Failure>>,
    /// `None` when nobody waits.
    reply: Option<Sender<StorageResult<T>>>,
}

impl<F, T> Job for Change<F, T>
where
    F: FnOnce(&Connection, &mut Head) -> Result<T, Failure> + Send,
    T: Send,
{
    fn run(&mut self, connection: &Connection, head: &mut Head) -> Result<(), StorageErrorKind> {
        let Some(run) = self.run.take() else { return Ok(()) };
        let result = run(connection, head);
        let outcome = result.as_ref().map(drop).map_err(Failure::kind);
        self.result = Some(result);
        outcome
    }

    fn answer(self: Box<Self>, commit: Result<(), &Uncommitted>) {
        let Some(reply) = self.reply else { return };
        let answer = match (self.result, commit) {
            // Its own failure says more than that of the commit.
            (Some(Err(failure)), _) => Err(failure.during(self.operation)),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (_, Err(Uncommitted { kind, source: Some(source) })) => {
                Err(StorageError::with_source(*kind, self.operation, source.clone()))
            }
            (_, Err(Uncommitted { kind, source: None })) => Err(StorageError::new(*kind, self.operation)),
            (None, Ok(())) => Err(StorageError::new(StorageErrorKind::Unavailable, self.operation)),
        };
        // Who waited may have gone.
        let _ = reply.send(answer);
    }
}

/// The way to the writer's thread.
pub(crate) struct Writer {
    queue: SyncSender<Message>,
    thread: Mutex<Option<JoinHandle<()>>>,
    pub(crate) shared: Arc<Shared>,
}

impl Writer {
    /// Starts the thread over an open database.
    pub(crate) fn start(connection: Connection) -> Result<Self, StoreError> {
        let head = read_head(&connection).map_err(|source| StoreError::Corrupt {
            path: connection.path().unwrap_or_default().into(),
            source,
        })?;
        let shared = Arc::new(Shared { head: Mutex::new(head), failing: Mutex::new(None) });
        let (queue, messages) = sync_channel(QUEUE);
        let owned = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || Loop::new(connection, head, owned).run(&messages))
            .map_err(StoreError::Thread)?;
        Ok(Self { queue, thread: Mutex::new(Some(thread)), shared })
    }

    /// Runs a change and waits until it is on the disk.
    pub(crate) fn change<T: Send + 'static>(
        &self,
        operation: &'static str,
        run: impl FnOnce(&Connection, &mut Head) -> Result<T, Failure> + Send + 'static,
    ) -> StorageResult<T> {
        let (reply, answer) = channel();
        let job = Change { operation, run: Some(run), result: None, reply: Some(reply) };
        self.queue.try_send(Message::Change(Box::new(job))).map_err(|error| {
            let kind = match error {
                TrySendError::Full(_) => StorageErrorKind::Busy,
                TrySendError::Disconnected(_) => StorageErrorKind::Unavailable,
            };
            StorageError::new(kind, operation)
        })?;
        answer.recv().unwrap_or_else(|_| Err(StorageError::new(StorageErrorKind::Unavailable, operation)))
    }

    /// Hands a change over and does not wait. It is lost when the queue is full or the change fails.
    pub(crate) fn change_some_time(
        &self,
        operation: &'static str,
        run: impl FnOnce(&Connection, &mut Head) -> Result<(), Failure> + Send + 'static,
    ) {
        let job = Change { operation, run: Some(run), result: None, reply: None };
        let _ = self.queue.try_send(Message::Change(Box::new(job)));
    }

    /// Moves the log into the database and empties it.
    pub(crate) fn checkpoint(&self) -> Result<(), StoreError> {
        self.alone(|connection| checkpoint(connection).map_err(StoreError::Checkpoint))
    }

    /// Runs something between two transactions.
    pub(crate) fn alone<T: Send + 'static>(
        &self,
        run: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = channel();
        // Who waited may have gone.
        let run = move |connection: &mut Connection| drop(reply.send(run(connection)));
        self.queue.send(Message::Alone(Box::new(run))).map_err(|_| StoreError::Closed)?;
        answer.recv().map_err(|_| StoreError::Closed)?
    }

    /// Writes what waits, checkpoints and ends the thread. Repeating is harmless.
    pub(crate) fn close(&self) -> Result<(), StoreError> {
        let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            return Ok(());
        };
        let result = self.ask_to_close();
        if thread.join().is_err() {
            tracing::error!("the thread that writes the database panicked");
        }
        result
    }

    fn ask_to_close(&self) -> Result<(), StoreError> {
        let (reply, answer) = channel();
        self.queue.send(Message::Close(reply)).map_err(|_| StoreError::Closed)?;
        answer.recv().map_err(|_| StoreError::Closed)?.map_err(StoreError::Checkpoint)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            tracing::warn!(error = &error as &dyn std::error::Error, "the database was not closed cleanly");
        }
    }
}

/// What runs on the thread.
struct Loop {
    connection: Connection,
    head: Head,
    shared: Arc<Shared>,
    /// How many changes the last commit had: so many callers are likely to come back.
    expected: usize,
    /// How long to wait for them.
    patience: Duration,
}

impl Loop {
    fn new(connection: Connection, head: Head, shared: Arc<Shared>) -> Self {
        Self { connection, head, shared, expected: 1, patience: Duration::ZERO }
    }

    fn run(mut self, messages: &Receiver<Message>) {
        let mut batch: Vec<Box<dyn Job>> = Vec::with_capacity(BATCH);
        while let Ok(first) = messages.recv() {
            let other = self.gather(first, messages, &mut batch);
            if !batch.is_empty() {
                let begun = Instant::now();
                self.expected = batch.len();
                self.commit(&mut batch);
                self.patience = (begun.elapsed() / 2).min(LONGEST_WAIT);
            }
            match other {
                Some(Message::Alone(run)) => run(&mut self.connection),
                Some(Message::Close(reply)) => {
                    let result = checkpoint(&self.connection);
                    // Closed before the answer: who closes may open the file again at once.
                    drop(self.connection);
                    let _ = reply.send(result);
                    return;
                }
                Some(Message::Change(_)) | None => {}
            }
        }
    }

    /// Takes what waits, up to a message that is no change. Callers that were answered together come
    /// back one after the other: without a short wait for them, the first would have a flush to itself
    /// and the others would wait for its end. A caller that is alone never waits.
    fn gather(
        &self,
        first: Message,
        messages: &Receiver<Message>,
        batch: &mut Vec<Box<dyn Job>>,
    ) -> Option<Message> {
        let deadline = Instant::now() + self.patience;
        let mut next = Some(first);
        while let Some(message) = next {
            match message {
                Message::Change(job) => batch.push(job),
                other => return Some(other),
            }
            if batch.len() >= BATCH {
                return None;
            }
            next = messages.try_recv().ok();
            if next.is_none() && batch.len() < self.expected {
                next = messages.recv_timeout(deadline.saturating_duration_since(Instant::now())).ok();
            }
        }
        None
    }

    /// Runs all jobs in one transaction and answers them.
    fn commit(&mut self, batch: &mut Vec<Box<dyn Job>>) {
        let before = self.head;
        let result = self.try_commit(batch);
        match &result {
            Ok(()) => *self.shared.head.lock().unwrap_or_else(PoisonError::into_inner) = self.head,
            Err(_) => {
                self.head = before;
                if !self.connection.is_autocommit()
                    && let Err(error) = self.connection.execute_batch("ROLLBACK")
                {
                    tracing::error!(%error, "cannot roll back");
                }
            }
        }
        let reason =
            result.as_ref().err().map(|uncommitted| match (&uncommitted.kind, &uncommitted.source) {
                (StorageErrorKind::Full, _) => "the disk is full".to_owned(),
                (_, Some(source)) => source.to_string(),
                (kind, None) => format!("{kind:?}"),
            });
        if let Some(reason) = &reason {
            tracing::error!(reason, changes = batch.len(), "cannot commit");
        }
        *self.shared.failing.lock().unwrap_or_else(PoisonError::into_inner) = reason;
        for job in batch.drain(..) {
            job.answer(result.as_ref().map(drop));
        }
    }

    fn try_commit(&mut self, batch: &mut [Box<dyn Job>]) -> Result<(), Uncommitted> {
        let failed = |error: rusqlite::Error| Uncommitted {
            kind: kind_of(&error),
            source: Some(SharedError(Arc::new(error))),
        };
        self.execute("BEGIN IMMEDIATE").map_err(failed)?;
        for job in batch {
            self.execute("SAVEPOINT job").map_err(failed)?;
            let head = self.head;
            if let Err(kind) = job.run(&self.connection, &mut self.head) {
                self.head = head;
                // A full disk may end the whole transaction, not the one statement.
                if self.connection.is_autocommit() {
                    return Err(Uncommitted { kind, source: None });
                }
                self.execute("ROLLBACK TO job").map_err(failed)?;
            }
            self.execute("RELEASE job").map_err(failed)?;
        }
        self.execute("COMMIT").map_err(failed)
    }

    fn execute(&self, sql: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql)?.execute([]).map(drop)
    }
}

fn checkpoint(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}

fn read_head(connection: &Connection) -> rusqlite::Result<Head> {
    let newest =
        connection.query_row("SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1", [], |row| {
            let sequence = parsed(row, "sequence", |sequence: i64| u64::try_from(sequence).ok())?;
            Ok(Head { sequence, hash: ChainHash(row.get("hash")?) })
        });
    Ok(newest.optional()?.unwrap_or(Head { sequence: 0, hash: GENESIS }))
}
