//! The service from start to end: its parts in order, and how each is stopped.
//!
//! Order: tokens, store, certificates, domain services, models, web server. Then the service is ready, and
//! what nobody waits for begins ([`background`]): the node, updates, the searches for plugged-in tokens and
//! for accelerators. Stopping goes the other way (see [`crate::shutdown`]): requests end first, and the
//! tokens are closed last.

mod background;
mod box_updates;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use appliance_bitcoin::BitcoinNode;
use appliance_core::access::{AccessService, SystemEntropy};
use appliance_core::audit::AuditLog;
use appliance_core::clock::SystemClock;
use appliance_core::event::EventSink;
use appliance_core::health::HealthRegistry;
use appliance_core::inference::{ChatModel, Embedder};
use appliance_core::keys::KeyService;
use appliance_core::logs::LogSource;
use appliance_core::node::Node;
use appliance_core::page::PageRequest;
use appliance_http::{BoxIdentity, EventBus, Presence, Profile, ServedCertificate, Services, Storage};
use appliance_inference::{MiniLmEmbedder, SmolLm2Chat};
use appliance_store::{Standing, Store};
use hal_api::volume::RecoveryKey;
use hal_api::{ServiceManager, Token};
use hal_board::{LinuxSensors, SystemdJournal, SystemdServiceManager};
use jiff::Timestamp;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use background::Background;

use crate::accelerators::Accelerators;
use crate::config::Config;
use crate::console::{Banner, Console, Owner, health_line};
use crate::data_folder::DataFolder;
use crate::fault::{self, Opened};
use crate::listeners::Listeners;
use crate::logging::LogMemory;
use crate::network::{Announcer, Follower, Site};
use crate::node::NoNode;
use crate::observer::{Observer, model_component, node_component};
use crate::pin::recovery::KeepsPin;
use crate::room::{self, Reserve};
use crate::shutdown::Shutdown;
use crate::signals::StopSignals;
use crate::tls::{self, Identity};
use crate::tokens::plugged::{self, PluggedTokens};
use crate::{monitor, network, node, tokens, updates, version, watchdog};

/// How long a part without a bound of its own may take to stop.
const STOP_BOUND: Duration = Duration::from_secs(10);

/// Runs the service until it is asked to stop.
///
/// # Errors
/// When a part cannot be started: one line with the cure. What was started is stopped again.
pub(crate) async fn run(
    config: Config,
    data: DataFolder,
    logs: Arc<LogMemory>,
    opened: Opened,
) -> Result<()> {
    let mut shutdown = Shutdown::default();
    let ended = start_and_wait(&config, &data, logs, opened, &mut shutdown).await;
    shutdown.run().await;
    ended
}

async fn start_and_wait(
    config: &Config,
    data: &DataFolder,
    logs: Arc<LogMemory>,
    opened: Opened,
    shutdown: &mut Shutdown,
) -> Result<()> {
    let started_at = Timestamp::now();
    let signals = StopSignals::listen().context("cannot listen to signals")?;
    let manager: Arc<dyn ServiceManager> = Arc::new(SystemdServiceManager);
    let console = Arc::new(open_console(config)?);
    let events = EventBus::new();
    let health = Arc::new(HealthRegistry::default());
    let observer = Observer::new(Arc::clone(&health), Arc::clone(&console), Arc::new(events.clone()));
    let observer = Arc::new(observer.showing_health(config.console.shows_health()));

    let recovery_key = opened.unlocked.as_ref().map(|unlocked| &unlocked.key);
    let (tokens, pin) = open_tokens(config, data, recovery_key, shutdown)?;
    let store = open_store(config, data, shutdown)?;
    if let Some(unlocked) = &opened.unlocked {
        fault::note(unlocked, &*store);
    }
    let watch = monitor::start(tokens.clone(), Arc::clone(&store), Arc::clone(&observer));
    shutdown.after("monitor", STOP_BOUND, move || async move { watch.abort() });
    let site = Site::at_start(config);
    let identity = certificates(config, data, &site, &tokens)?;
    let domain = Domain::start(&store, &tokens, &observer)?;
    show_new_claim_codes(&domain.access, &console);
    let plugged = plugged_tokens(config, &domain, &observer, shutdown);
    let models = Models::new(config, data, &observer);
    let listeners = Listeners::bind(&config.http).await?;
    let BoxNode { node, bitcoind } = box_node(config, data, &store, &observer, shutdown)?;
    let updates = box_updates::new(config, data, &store, &observer, shutdown)?;
    let accelerators = Accelerators::default();
    let background = Background {
        bitcoind,
        updates: updates.followed,
        plugged: Arc::clone(&plugged),
        accelerators: accelerators.clone(),
    };
    let urls = site.urls(&config.http, listeners.port);
    let (presence, present) = watch::channel(network::presence(&urls, &identity));

    let services = Services {
        keys: Arc::clone(&domain.keys),
        token_login: plugged,
        access: Arc::clone(&domain.access),
        audit: store.clone(),
        idempotency: store.clone(),
        node,
        updates: updates.orders,
        update_media: updates.media,
        update_preferences: updates.preferences,
        embedder: models.embedder.clone(),
        chat: models.chat.clone(),
        health,
        sensors: Arc::new(LinuxSensors::new(data.path())),
        accelerators: Arc::new(move || accelerators.report()),
        logs: log_source(logs),
        events,
        storage: keeping_pin(opened.storage, data, pin)?,
        identity: BoxIdentity {
            version: version::running().to_string(),
            profile: if config.appliance.enabled { Profile::Appliance } else { Profile::Developer },
            started_at,
            presence: present,
        },
        shutdown: CancellationToken::new(),
    };
    let banner = banner(config, &services, urls, &identity, &tokens);
    let port = listeners.port;
    // The reserve is for the start alone: nobody who asks gets it.
    watch_room(data, &observer, shutdown);
    let served = start_http(config, services, models, listeners, identity, shutdown)?;
    follow_network(config, data, (served, presence), (&tokens, port), &console, shutdown)?;
    start_watchdog(&manager, store, shutdown);
    console.screen(&banner.screen());
    manager.ready();
    tracing::info!(milliseconds = (Timestamp::now() - started_at).total(jiff::Unit::Millisecond)?, "ready");
    background.begin(&console, shutdown).await?;

    signals.asked_to_stop().await;
    manager.stopping();
    observer.expect_stops();
    if config.console.shows_health() {
        console.heading("Anya Box is stopping");
    }
    tracing::info!("asked to stop");
    Ok(())
}

/// Serves requests from now on.
fn start_http(
    config: &Config,
    services: Services,
    models: Models,
    listeners: Listeners,
    identity: Identity,
    shutdown: &mut Shutdown,
) -> Result<Arc<ServedCertificate>> {
    let served = ServedCertificate::new(identity.chain, identity.key)
        .context("cannot use the server's certificate")?;
    let served = Arc::new(served);
    let tls = appliance_http::tls_config_for(Arc::clone(&served)).context("cannot set up TLS")?;
    let drain = Duration::from_secs(config.http.drain_seconds);
    let stopping = services.shutdown.clone();
    let Models { embedder, chat } = models;
    let serving = tokio::spawn(appliance_http::serve(
        listeners.sockets,
        Arc::new(tls),
        appliance_http::router(services),
        stopping.clone(),
        drain,
    ));
    shutdown.after("http", drain + STOP_BOUND, move || async move {
        stopping.cancel();
        // Answers under way end now, so that their requests do.
        embedder.stop();
        chat.stop();
        if serving.await.is_err() {
            tracing::error!("the web server broke");
        }
    });
    Ok(served)
}

/// Tells the service manager that the service is alive, from now on.
fn start_watchdog(manager: &Arc<dyn ServiceManager>, store: Arc<Store>, shutdown: &mut Shutdown) {
    let watched = watchdog::start(Arc::clone(manager), move || {
        // Only an answer that does not come counts: a store that says that it fails is alive.
        let _ = store.page(PageRequest { limit: 1, cursor: None });
    });
    if let Some(watched) = watched {
        shutdown.after("watchdog", STOP_BOUND, move || async move { watched.abort() });
    }
}

/// Looks after the room on the disk, from now on: the start had the reserve.
fn watch_room(data: &DataFolder, observer: &Arc<Observer>, shutdown: &mut Shutdown) {
    let reserve = Reserve::of(data.path());
    reserve.save();
    let watching = room::watch(reserve, Arc::clone(observer));
    shutdown.after("room", STOP_BOUND, move || async move { watching.abort() });
}

fn open_console(config: &Config) -> Result<Console> {
    Console::open(&config.console.all()).map_err(|(path, error)| {
        let cure = format!("cannot open the console {}; change `console.paths`", path.display());
        anyhow::Error::new(error).context(cure)
    })
}

/// Announces the box's name, and keeps certificate, console and identity true to the network.
fn follow_network(
    config: &Config,
    data: &DataFolder,
    (served, presence): (Arc<ServedCertificate>, watch::Sender<Presence>),
    (tokens, port): (&[Token], u16),
    console: &Arc<Console>,
    shutdown: &mut Shutdown,
) -> Result<()> {
    let announcer = network::host_name(&config.mdns).and_then(|name| {
        Announcer::start(&name, port)
            .inspect_err(|error| {
                tracing::warn!(error = format!("{error:#}"), "the box has no name on this network");
            })
            .ok()
    });
    if !config.http.follow_network && announcer.is_none() {
        return Ok(());
    }
    let folder = data.folder("tls")?;
    let follower = Follower {
        http: config.http.clone(),
        port,
        token: tokens.first().context("there is no token for the certificate authority's key")?.clone(),
        certified: tls::certified_names(&folder)?,
        folder,
        served,
        presence,
        console: Arc::clone(console),
    };
    let following = tokio::spawn(follower.run(announcer.as_ref().map(Announcer::name)));
    shutdown.after("network", STOP_BOUND, move || async move {
        following.abort();
        if let Some(announcer) = announcer {
            announcer.stop().await;
        }
    });
    Ok(())
}

fn banner(
    config: &Config,
    services: &Services,
    addresses: Vec<String>,
    identity: &Identity,
    tokens: &[Token],
) -> Banner {
    let models = [services.embedder.model().id, services.chat.model().id];
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Banner {
        version: version::running().to_string(),
        addresses,
        owner: owner(&services.access),
        words: identity.fingerprint.words().join(" "),
        sha256: identity.fingerprint.hex(),
        health: config.console.shows_health().then(|| health_line(&services.health.components())),
        keys: keys_line(tokens),
        models: format!("{}; on the processor, {cores} cores", models.join(", ")),
        node: node_line(config),
    }
}

fn open_tokens(
    config: &Config,
    data: &DataFolder,
    recovery_key: Option<&RecoveryKey>,
    shutdown: &mut Shutdown,
) -> Result<(Vec<Token>, Zeroizing<String>)> {
    let opened = tokens::open(&config.tokens, data, recovery_key)?;
    let (tokens, swtpm) = (opened.tokens.clone(), opened.swtpm);
    shutdown.after_blocking("tokens", STOP_BOUND, move || {
        tokens.iter().for_each(|token| token.probe.close());
        drop(swtpm);
    });
    Ok((opened.tokens, opened.pin))
}

/// The storage, whose recovery keys open the token's PIN as well.
fn keeping_pin(storage: Storage, data: &DataFolder, pin: Zeroizing<String>) -> Result<Storage> {
    let Some(volume) = storage.volume else { return Ok(storage) };
    let keeps = KeepsPin { volume, folder: data.folder("secrets")?, pin };
    Ok(Storage { volume: Some(Arc::new(keeps)), ..storage })
}

fn open_store(config: &Config, data: &DataFolder, shutdown: &mut Shutdown) -> Result<Arc<Store>> {
    let path = data.join("state.db");
    let standing = || {
        if config.appliance.enabled {
            updates::standing(&box_updates::keeper(config))
        } else {
            Standing::Good
        }
    };
    let went_back = data.folder("updates")?.join(updates::WENT_BACK);
    if went_back.exists() {
        let restored = Store::restore_copy(&path).context("cannot go back to the data of before")?;
        tracing::info!(restored, "the owner went back to this version");
        std::fs::remove_file(&went_back).context("cannot forget that the owner went back")?;
    }
    let store = Arc::new(Store::open_as(&path, standing).context("cannot open the box's state")?);
    let closed = Arc::clone(&store);
    shutdown.after_blocking("store", STOP_BOUND, move || {
        if let Err(error) = closed.close() {
            tracing::error!(error = &error as &dyn std::error::Error, "the store did not close cleanly");
        }
    });
    Ok(store)
}

fn certificates(config: &Config, data: &DataFolder, site: &Site, tokens: &[Token]) -> Result<Identity> {
    let token = tokens.first().context("there is no token for the certificate authority's key")?;
    let folder = data.folder("tls")?;
    let wanted = site.names(&config.http);
    let names = match config.http.follow_network {
        true => tls::certified_names(&folder)?.grown_to(wanted),
        false => wanted,
    };
    tls::identity(token, &folder, &names, Timestamp::now())
}

/// The domain's services over the store and the tokens.
struct Domain {
    access: Arc<AccessService>,
    keys: Arc<KeyService>,
}

impl Domain {
    fn start(store: &Arc<Store>, tokens: &[Token], observer: &Arc<Observer>) -> Result<Self> {
        let (clock, events) = (Arc::new(SystemClock), Arc::clone(observer) as Arc<dyn EventSink>);
        let access = AccessService::new(
            store.clone(),
            store.clone(),
            Arc::clone(&events),
            clock.clone(),
            Arc::new(SystemEntropy),
        )
        .context("cannot read who may use the box")?;
        let keys = KeyService::new(tokens.to_vec(), store.clone(), store.clone(), events, clock);
        let recovered = keys.recover().context("cannot read the list of keys")?;
        tracing::info!(ready = recovered.ready, removed = recovered.removed, left = recovered.left, "keys");
        Ok(Self { access: Arc::new(access), keys: Arc::new(keys) })
    }
}

/// The tokens that people plug in; not looked for yet.
fn plugged_tokens(
    config: &Config,
    domain: &Domain,
    observer: &Arc<Observer>,
    shutdown: &mut Shutdown,
) -> Arc<PluggedTokens> {
    let bays = plugged::bays(&config.tokens.pkcs11.modules);
    let tokens = Arc::new(PluggedTokens::new(bays, Arc::clone(&domain.keys), Arc::clone(observer)));
    let closed = Arc::clone(&tokens);
    shutdown.after_blocking("plugged tokens", STOP_BOUND, move || closed.close());
    tokens
}

fn show_new_claim_codes(access: &AccessService, console: &Arc<Console>) {
    let console = Arc::clone(console);
    access.on_new_claim_code(move |code| console.line("Claim code", code));
}

/// The model engines; each is loaded by its first request.
struct Models {
    embedder: Arc<MiniLmEmbedder>,
    chat: Arc<SmolLm2Chat>,
}

impl Models {
    fn new(config: &Config, data: &DataFolder, observer: &Arc<Observer>) -> Self {
        let folder: PathBuf = config.models.directory.clone().unwrap_or_else(|| data.join("models"));
        let events = || Arc::clone(observer) as Arc<dyn EventSink>;
        let embedder = Arc::new(MiniLmEmbedder::new(folder.join("all-minilm-l6-v2"), events()));
        let chat = Arc::new(SmolLm2Chat::new(folder.join("smollm2-135m-instruct"), events()));
        observer.report(model_component(&embedder.model()));
        observer.report(model_component(&chat.model()));
        Self { embedder, chat }
    }
}

/// The node as the box asks for it, and what is to be started for that; `None` where there is none.
struct BoxNode {
    node: Arc<dyn Node>,
    bitcoind: Option<Arc<BitcoinNode>>,
}

fn box_node(
    config: &Config,
    data: &DataFolder,
    store: &Arc<Store>,
    observer: &Arc<Observer>,
    shutdown: &mut Shutdown,
) -> Result<BoxNode> {
    let events = Arc::clone(observer) as Arc<dyn EventSink>;
    let wanted = node::new(&config.bitcoin, data.folder("bitcoin")?, store.clone(), events);
    let Some(supervised) = wanted else {
        let none = NoNode { chain: config.bitcoin.chain };
        observer.report(node_component(&none.status()));
        return Ok(BoxNode { node: Arc::new(none), bitcoind: None });
    };
    observer.report(node_component(&supervised.status()));
    let bound = Duration::from_secs(config.bitcoin.stop_seconds);
    let (bitcoind, stopped) = (Arc::clone(&supervised.node), Arc::clone(&supervised.node));
    shutdown.after("bitcoind", bound + STOP_BOUND, move || async move { stopped.stop(bound).await });
    Ok(BoxNode { node: Arc::new(supervised), bitcoind: Some(bitcoind) })
}

/// The journal where systemd keeps this service's lines, else the process's own memory.
fn log_source(memory: Arc<LogMemory>) -> Arc<dyn LogSource> {
    match SystemdJournal::of_this_service() {
        Some(journal) => Arc::new(journal),
        None => memory,
    }
}

fn owner(access: &AccessService) -> Owner {
    match access.current_claim_code() {
        Some(code) => Owner::ClaimCode(code),
        None => Owner::Administrator(access.claimed_by().unwrap_or_default()),
    }
}

fn keys_line(tokens: &[Token]) -> String {
    let shown = |token: &Token| match token.probe.info() {
        Ok(info) => format!("{} {} ({})", info.model, info.firmware, token.name),
        Err(_) => format!("{} (does not answer)", token.name),
    };
    tokens.iter().map(shown).collect::<Vec<_>>().join(", ")
}

fn node_line(config: &Config) -> String {
    match config.bitcoin.enabled {
        true => format!("Bitcoin, {}, starting", config.bitcoin.chain.name()),
        false => "off".into(),
    }
}
