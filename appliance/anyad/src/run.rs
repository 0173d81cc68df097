//! The service from start to end: its parts in order, and how each is stopped.
//!
//! Order: data folder, store, tokens, certificates, domain services, models, web server — then the
//! service is ready — and after that the node and the search for accelerators, which may take long.
//! Stopping goes the other way (see [`crate::shutdown`]).

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use appliance_core::access::AccessService;
use appliance_core::clock::Clock;
use appliance_core::event::EventSink;
use appliance_core::health::HealthRegistry;
use appliance_core::inference::{ChatModel, Embedder};
use appliance_core::keys::KeyService;
use appliance_core::node::Node;
use appliance_http::{BoxIdentity, CertificateIdentity, EventBus, Profile, Services};
use appliance_inference::{MiniLmEmbedder, SmolLm2Chat};
use appliance_store::Store;
use hal_api::{BoardSensors, ServiceManager, Token};
use hal_board::{LinuxSensors, SystemdServiceManager};
use jiff::Timestamp;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::accelerators::Accelerators;
use crate::config::Config;
use crate::console::{Banner, Console, Owner};
use crate::data_folder::DataFolder;
use crate::listeners::Listeners;
use crate::logging::LogMemory;
use crate::node::{NoNode, SupervisedNode};
use crate::observer::{Observer, model_component, node_component};
use crate::shutdown::Shutdown;
use crate::system::{SystemClock, SystemEntropy};
use crate::tls::{self, Identity, Names};
use crate::{monitor, node, signals, tokens, watchdog};

/// How long a part without a bound of its own may take to stop.
const STOP_BOUND: Duration = Duration::from_secs(10);

/// Runs the service until it is asked to stop.
///
/// # Errors
/// When a part cannot be started: one line with the cure. What was started is stopped again.
pub(crate) async fn run(config: Config, data: DataFolder, logs: Arc<LogMemory>) -> Result<()> {
    let mut shutdown = Shutdown::default();
    let served = serve(&config, &data, logs, &mut shutdown).await;
    shutdown.run().await;
    served
}

async fn serve(config: &Config, data: &DataFolder, logs: Arc<LogMemory>, shutdown: &mut Shutdown) -> Result<()> {
    let started_at = Timestamp::now();
    let manager: Arc<dyn ServiceManager> = Arc::new(SystemdServiceManager::new());
    let console = Arc::new(Console::open(&config.console.path).with_context(|| {
        format!("cannot open the console {}; change `console.path` in the configuration", config.console.path.display())
    })?);
    let events = EventBus::new();
    let health = Arc::new(HealthRegistry::default());
    let observer = Arc::new(Observer::new(Arc::clone(&health), Arc::clone(&console), Arc::new(events.clone())));

    let store = open_store(data, shutdown)?;
    let tokens = open_tokens(config, data, shutdown)?;
    observer.report(monitor::store_component());
    tokens.iter().for_each(|token| observer.report(monitor::token_component(token)));
    let identity = certificates(config, data, &tokens)?;
    let listeners = Listeners::bind(&config.http).await?;
}
