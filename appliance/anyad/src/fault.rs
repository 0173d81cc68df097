//! Fault mode: the box serves a page that helps as long as its data partition is closed, or when the service
//! cannot start with what is on it.
//!
//! # Design
//!
//! In an appliance the service asks for the state of the volume before anything else. An open one costs
//! one question. While it is closed, [`serve_until_open`] serves the ways out on the usual addresses, with
//! a certificate made in memory, tells the service manager that it is ready and alive, so that no restart
//! loop arises, and ends when the volume is open. Then the normal start follows in the same process.
//!
//! # Limits
//!
//! The certificate is another one than the box's own, which is on the closed partition; browsers ask again.

mod certificate;
mod screen;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use appliance_core::access::SystemEntropy;
use appliance_core::audit::{Actor, AuditLog, AuditOutcome, AuditRecord, Who};
use appliance_http::{ConsoleCode, FaultServices, FaultText, NOT_STARTED, Storage, Unlocked};
use hal_api::ServiceManager;
use hal_api::volume::{DataVolume, VolumeState, VolumeStatus};
use hal_board::{BoxVolume, SystemdServiceManager};
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::console::Console;
use crate::listeners::Listeners;
use crate::network::Site;
use crate::signals::StopSignals;
use crate::watchdog;

/// How long the threads of fault mode may take to end.
const END_BOUND: Duration = Duration::from_secs(30);

/// How fault mode ended.
#[derive(Debug)]
enum Ended {
    /// The volume is open; how it was opened, when it was closed before.
    Open(Option<Unlocked>),
    /// The service was asked to stop.
    Stopped,
}

/// The data, ready to be used.
#[derive(Default)]
pub(crate) struct Opened {
    /// What requests are told of it.
    pub(crate) storage: Storage,
    /// How it was opened, when it was closed before.
    pub(crate) unlocked: Option<Unlocked>,
}

/// Returns once the data can be used, which in an appliance may take an owner's help; `None` when the
/// service was asked to stop before.
///
/// # Errors
/// When fault mode cannot be served: one line with the cure.
pub(crate) fn opened(config: &Config) -> Result<Option<Opened>> {
    if !config.appliance.enabled {
        return Ok(Some(Opened::default()));
    }
    let volume: Arc<dyn DataVolume> = Arc::new(BoxVolume::at(&config.appliance.volume_socket));
    Ok(match serve_until_open(config, &volume)? {
        Ended::Stopped => None,
        Ended::Open(unlocked) => {
            let resealed = unlocked.as_ref().is_some_and(|unlocked| unlocked.resealed == Some(true));
            Some(Opened { storage: Storage { volume: Some(volume), resealed }, unlocked })
        }
    })
}

fn serve_until_open(config: &Config, volume: &Arc<dyn DataVolume>) -> Result<Ended> {
    let status = ask(&**volume);
    if status.as_ref().is_some_and(|status| status.state == VolumeState::Open) {
        return Ok(Ended::Open(None));
    }
    serve_fault(config, Trouble { volume: Arc::clone(volume), status, not_started: None })
}

/// Serves a page that says why the service could not start, until the box is restarted or told to stop. It is
/// no use to try again and again where nobody sees why.
///
/// # Errors
/// When fault mode cannot be served: one line with the cure.
pub(crate) fn serve_failure(config: &Config, cause: &anyhow::Error) -> Result<()> {
    let volume: Arc<dyn DataVolume> = Arc::new(BoxVolume::at(&config.appliance.volume_socket));
    let status = ask(&*volume);
    let not_started = Some(format!("{cause:#}").replace('\n', " "));
    serve_fault(config, Trouble { volume, status, not_started }).map(drop)
}

/// What fault mode tells of.
struct Trouble {
    volume: Arc<dyn DataVolume>,
    status: Option<VolumeStatus>,
    /// Why the service could not start, where the volume is open.
    not_started: Option<String>,
}

impl Trouble {
    fn title(&self) -> &'static str {
        match self.not_started {
            Some(_) => NOT_STARTED,
            None => FaultText::of(self.status.as_ref().and_then(|status| status.reason)).title,
        }
    }
}

fn serve_fault(config: &Config, trouble: Trouble) -> Result<Ended> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start threads")?;
    let ended = runtime.block_on(serve(config, trouble));
    runtime.shutdown_timeout(END_BOUND);
    ended
}

/// How the volume is; `None` when nobody can be asked, which is a fault like the others.
fn ask(volume: &dyn DataVolume) -> Option<VolumeStatus> {
    volume
        .status()
        .inspect_err(|error| {
            tracing::error!(
                error = error as &dyn std::error::Error,
                "the data partition cannot be asked for"
            );
        })
        .ok()
}

async fn serve(config: &Config, trouble: Trouble) -> Result<Ended> {
    let problem = trouble.title();
    tracing::error!(problem, cause = trouble.not_started, "serving fault mode");
    let signals = StopSignals::listen().context("cannot listen to signals")?;
    let manager: Arc<dyn ServiceManager> = Arc::new(SystemdServiceManager);
    let console = Arc::new(open_console(config)?);
    let site = Site::at_start(config);
    let certificate = certificate::in_memory(&site.names(&config.http))?;
    let listeners = Listeners::bind(&config.http).await?;
    let urls = site.urls(&config.http, listeners.port);
    console.screen(&screen::of(problem, &urls, &certificate.fingerprint));
    let code = {
        let console = Arc::clone(&console);
        ConsoleCode::new(&SystemEntropy, move |code| console.line("Erase code", code))
            .context("cannot make the console's code")?
    };
    let (opened, mut was_opened) = mpsc::unbounded_channel();
    let services = FaultServices {
        volume: trouble.volume,
        status: trouble.status,
        not_started: trouble.not_started,
        code: Arc::new(code),
        opened: Arc::new(move |unlocked| {
            // Nobody listens any more only when the service stops.
            let _ = opened.send(unlocked);
        }),
    };
    let tls = appliance_http::tls_config(certificate.chain, certificate.key)
        .context("cannot use the certificate of fault mode")?;
    let stopping = CancellationToken::new();
    let drain = Duration::from_secs(config.http.drain_seconds);
    let router = appliance_http::fault_router(services);
    let serving = tokio::spawn(appliance_http::serve(
        listeners.sockets,
        Arc::new(tls),
        router,
        stopping.clone(),
        drain,
    ));
    let watched = watchdog::start(Arc::clone(&manager), || {});
    manager.ready();
    manager.status(&format!("{problem}; the web page says what helps"));
    let ended = tokio::select! {
        () = signals.asked_to_stop() => Ended::Stopped,
        Some(unlocked) = was_opened.recv() => Ended::Open(Some(unlocked)),
    };
    stopping.cancel();
    if serving.await.is_err() {
        tracing::error!("the web server of fault mode broke");
    }
    if let Some(watched) = watched {
        watched.abort();
    }
    match &ended {
        Ended::Open(_) => {
            manager.status("The data partition is open; starting");
            tracing::info!("the data partition is open: going on with the start");
        }
        Ended::Stopped => manager.stopping(),
    }
    Ok(ended)
}

fn open_console(config: &Config) -> Result<Console> {
    Console::open(&config.console.all()).map_err(|(path, error)| {
        let cure = format!("cannot open the console {}; change `console.paths`", path.display());
        anyhow::Error::new(error).context(cure)
    })
}

/// Notes in the audit log how the volume was opened: the log lies on it, so this comes after the fact.
pub(crate) fn note(unlocked: &Unlocked, audit: &dyn AuditLog) {
    let outcome = |ok| if ok { AuditOutcome::Ok } else { AuditOutcome::Failed };
    let stranger = Actor::new(Who::Stranger, unlocked.request_id.as_str());
    let acts = [
        Some((stranger, "storage.unlock", AuditOutcome::Ok)),
        unlocked.resealed.map(|ok| (Actor::system(), "storage.reseal", outcome(ok))),
    ];
    for (actor, action, outcome) in acts.into_iter().flatten() {
        let record = AuditRecord::new(Timestamp::now(), actor, action, "box".into(), outcome);
        if let Err(error) = audit.append(record) {
            tracing::error!(action, error = &error as &dyn std::error::Error, "cannot note this");
        }
    }
}
