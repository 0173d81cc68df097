//! Updates, as a part of the service.

use std::sync::Arc;

use anyhow::Result;
use appliance_core::clock::SystemClock;
use appliance_core::event::EventSink;
use appliance_core::update::{UpdateMedia, UpdatePreferences, Updates};
use appliance_store::Store;
use ota_client::slot_keeper::SlotKeeper;

use crate::config::Config;
use crate::data_folder::DataFolder;
use crate::observer::Observer;
use crate::shutdown::Shutdown;
use crate::updates::{self, SlotUpdates, Unsupported};

/// The slot keeper.
pub(super) fn keeper(config: &Config) -> SlotKeeper {
    SlotKeeper::at(&config.updates.keeper_socket)
}

/// Updates, as the web server is handed them.
pub(super) struct BoxUpdates {
    pub(super) orders: Arc<dyn Updates>,
    pub(super) media: Arc<dyn UpdateMedia>,
    pub(super) preferences: Arc<dyn UpdatePreferences>,
    /// To be followed, on a machine that has slots.
    pub(super) followed: Option<SlotUpdates>,
}

impl BoxUpdates {
    fn of(
        updates: impl Updates + UpdateMedia + UpdatePreferences + 'static,
        followed: Option<SlotUpdates>,
    ) -> Self {
        let updates = Arc::new(updates);
        Self { orders: updates.clone(), media: updates.clone(), preferences: updates, followed }
    }
}

/// Updates, which are not followed yet.
pub(super) fn new(
    config: &Config,
    data: &DataFolder,
    store: &Arc<Store>,
    observer: &Arc<Observer>,
    shutdown: &mut Shutdown,
) -> Result<BoxUpdates> {
    if !config.appliance.enabled {
        return Ok(BoxUpdates::of(Unsupported, None));
    }
    let updates = updates::new(updates::Parts {
        keeper: Box::new(keeper(config)),
        settings: store.clone(),
        audit: store.clone(),
        events: Arc::clone(observer) as Arc<dyn EventSink>,
        clock: Arc::new(SystemClock),
        folder: data.folder("updates")?,
        media: config.updates.media.clone(),
        signers: std::fs::read(&config.updates.signers).ok(),
        server: config.updates.server.clone(),
        when_good: {
            let store = Arc::clone(store);
            Box::new(move || {
                if let Err(error) = store.bring_up_to_date() {
                    tracing::error!(error = &error as &dyn std::error::Error, "the data was not migrated");
                }
            })
        },
        seed: updates::seed(),
    });
    let stopped = updates.clone();
    shutdown.after_blocking("updates", super::STOP_BOUND, move || stopped.stop());
    Ok(BoxUpdates::of(updates.clone(), Some(updates)))
}
