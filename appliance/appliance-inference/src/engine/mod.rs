//! One thread that owns one model, and the queue in front of it.
//!
//! # Design
//!
//! - The thread starts at once and costs nothing; the model is loaded by the first job.
//! - The queue is bounded: a job that finds it full is refused as `Busy`.
//! - A model whose files are wrong is `Failed` and is not tried again until the files change.
//! - Dropping the engine stops the job under way, refuses those that wait, and joins the thread.
//! - A job that panics costs that job alone: whoever waits for it sees its channel close.

mod life;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use appliance_core::event::EventSink;
use appliance_core::inference::{InferenceError, ModelInfo, ModelState};

use life::Life;

/// Why a model could not be loaded, in plain words.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct LoadError(pub(crate) String);

/// A model in memory. It lives and dies in its engine's thread.
pub(crate) trait Runner: Sized + 'static {
    /// What it is asked.
    type Job: Send + 'static;

    /// Loads the model from `folder` and corrects `info` by what the files say.
    fn load(folder: &Path, info: &mut ModelInfo) -> Result<Self, LoadError>;

    /// Does a job; returns early when `stop` becomes true.
    fn serve(&mut self, job: Self::Job, stop: &AtomicBool);

    /// Tells whoever waits for the job why it is not done.
    fn refuse(job: Self::Job, error: InferenceError);
}

/// What an engine is made for.
pub(crate) struct Plan {
    /// What is known of the model before it is loaded.
    pub(crate) info: ModelInfo,
    /// Where its files are.
    pub(crate) folder: PathBuf,
    /// Their names.
    pub(crate) files: &'static [&'static str],
    /// How many jobs may wait.
    pub(crate) queue: usize,
}

/// The thread's front.
pub(crate) struct Engine<R: Runner> {
    life: Arc<Life>,
    stop: Arc<AtomicBool>,
    jobs: Option<SyncSender<R::Job>>,
    thread: Option<JoinHandle<()>>,
    queue: usize,
}

impl<R: Runner> Engine<R> {
    /// Starts the thread; the model is not loaded yet.
    pub(crate) fn start(plan: Plan, events: Arc<dyn EventSink>) -> Self {
        let name = plan.info.id.clone();
        let life = Arc::new(Life::new(plan.info, plan.folder, plan.files, events));
        let stop = Arc::new(AtomicBool::new(false));
        let (sender, receiver) = sync_channel(plan.queue);
        let thread = std::thread::Builder::new().name(name).spawn({
            let (life, stop) = (life.clone(), stop.clone());
            move || run::<R>(&life, &receiver, &stop)
        });
        match thread {
            Ok(thread) => Self { life, stop, jobs: Some(sender), thread: Some(thread), queue: plan.queue },
            Err(error) => {
                life.failed(&LoadError(format!("its thread could not be started: {error}")));
                Self { life, stop, jobs: None, thread: None, queue: plan.queue }
            }
        }
    }

    /// The model as it is now.
    pub(crate) fn model(&self) -> ModelInfo {
        self.life.info()
    }

    /// Ends the job under way and refuses all others from now on. Returns at once.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Puts a job into the queue.
    pub(crate) fn submit(&self, job: R::Job) -> Result<(), InferenceError> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(stopped());
        }
        if let Some(error) = refusal(&self.life.info()) {
            return Err(error);
        }
        let Some(jobs) = &self.jobs else { return Err(stopped()) };
        jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => InferenceError::Busy { waiting: self.queue },
            TrySendError::Disconnected(_) => stopped(),
        })
    }
}

impl<R: Runner> Drop for Engine<R> {
    fn drop(&mut self) {
        self.stop();
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // An error would be a panic outside a job, which the panic hook has reported already.
            let _ = thread.join();
        }
    }
}

fn run<R: Runner>(life: &Life, jobs: &Receiver<R::Job>, stop: &AtomicBool) {
    let mut runner: Option<R> = None;
    while let Ok(job) = jobs.recv() {
        if stop.load(Ordering::Relaxed) {
            R::refuse(job, stopped());
            continue;
        }
        if runner.is_none() {
            runner = load::<R>(life);
        }
        match runner.as_mut() {
            Some(runner) => {
                if catch_unwind(AssertUnwindSafe(|| runner.serve(job, stop))).is_err() {
                    tracing::error!(model = %life.info().id, "a job ended in a panic");
                }
            }
            None => R::refuse(job, refusal(&life.info()).unwrap_or_else(stopped)),
        }
    }
}

/// Loads the model unless it is known that it cannot be.
fn load<R: Runner>(life: &Life) -> Option<R> {
    let mut info = life.info();
    if refusal(&info).is_some() {
        return None;
    }
    life.loading();
    let loaded =
        catch_unwind(AssertUnwindSafe(|| R::load(life.folder(), &mut info).map(|runner| (runner, info))))
            .unwrap_or_else(|_| Err(LoadError("reading it ended in a panic".into())));
    match loaded {
        Ok((runner, info)) => {
            life.ready(info);
            Some(runner)
        }
        Err(error) => {
            life.failed(&error);
            None
        }
    }
}

/// Why a model in this state cannot be asked; `None` when it can.
fn refusal(info: &ModelInfo) -> Option<InferenceError> {
    let reason = match &info.state {
        ModelState::Absent => "its files are not on this box; `make run` fetches them".to_owned(),
        ModelState::Failed { reason } => reason.clone(),
        ModelState::OnDisk | ModelState::Loading | ModelState::Ready => return None,
    };
    Some(InferenceError::Unavailable { reason })
}

/// The threads that one model computes on, one a core. Each model has its own: on a shared one, a long answer
/// would keep an embedding waiting. Idle threads sleep.
pub(crate) fn thread_pool() -> Result<rayon::ThreadPool, rayon::ThreadPoolBuildError> {
    rayon::ThreadPoolBuilder::new().thread_name(|index| format!("model-{index}")).build()
}

/// What callers hear while the box stops, or after a job's panic.
pub(crate) fn stopped() -> InferenceError {
    InferenceError::Unavailable { reason: "its engine is stopping".into() }
}
