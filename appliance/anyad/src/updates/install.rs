//! Installing: from the folder or file that holds what was fetched into the other slot.

use ota_client::kept::Keeping;
use ota_client::release::{self, Places, Stock};
use ota_client::source::{Cancel, Source, SourceError};
use ota_core::life::{Event, Outcome, Phase};
use ota_core::manifest::{Manifest, PartKind};
use ota_core::slots::Action;
use ota_core::version::Version;

use appliance_core::update::{UpdateSource, schedule};

use super::kept::KeptOffer;
use super::look::nothing_offered;
use super::trouble::Trouble;
use super::updater::Updater;

impl Updater {
    /// Fetches what is missing, installs it, and sets the time of the restart.
    pub(super) fn install(&self, version: &Version, insist: bool, cancel: &Cancel) -> Result<(), Trouble> {
        let (offer, manifest) = self.offered().ok_or_else(nothing_offered)?;
        if manifest.version != *version {
            let offered = &manifest.version;
            return Err(Trouble::new(
                "another_offer",
                format!("Version {offered} is offered, not {version}."),
            ));
        }
        if offer.source == UpdateSource::Server {
            self.download(cancel)?;
        }
        let installed = self.write(&offer, &manifest, insist, cancel);
        self.look_at_slots();
        match &installed {
            Ok(()) => {
                let restart = self.state().settings.restart;
                self.on(Event::Armed { restart_at: schedule::restart_at(restart, self.now()) });
            }
            Err(trouble) => {
                {
                    // What was fetched is still there.
                    let mut state = self.state();
                    let phase = Phase::Ready { version: manifest.version.clone() };
                    self.moved(&mut state, phase, true);
                }
                if !trouble.was_stopped() {
                    let outcome = if trouble.refusal { Outcome::Refused } else { Outcome::Failed };
                    self.note_outcome(&manifest.version, outcome, &trouble.text);
                }
            }
        }
        installed
    }

    fn write(
        &self,
        offer: &KeptOffer,
        manifest: &Manifest,
        insist: bool,
        cancel: &Cancel,
    ) -> Result<(), Trouble> {
        let slots = self.parts.keeper.read()?;
        self.make_folder()?;
        let stock = self.stock(&slots, cancel)?;
        let uki = release::uki_file(&self.uki_path()).map_err(SourceError::Keep)?;
        self.on(Event::Step { step: Action::Forget });
        let installing = self.parts.keeper.install(&offer.channel, &offer.evidence, insist)?;
        let into = Places { root: installing.root(), verity: installing.verity(), uki: &uki };
        let put = self.put_together(offer, manifest, &stock, into, cancel);
        self.forget_stock();
        put?;
        cancel.check()?;
        installing.finish(&uki, &mut |step| self.on(Event::Step { step }))?;
        Ok(())
    }

    fn put_together(
        &self,
        offer: &KeptOffer,
        manifest: &Manifest,
        stock: &Stock,
        into: Places<'_>,
        cancel: &Cancel,
    ) -> Result<(), Trouble> {
        let mut last = None;
        let mut told = |part: PartKind, _| {
            let step = if part == PartKind::Verity { Action::WriteVerity } else { Action::WriteRoot };
            if part != PartKind::Uki && last.replace(step) != Some(step) {
                self.on(Event::Step { step });
            }
        };
        let mut put = |source: &mut dyn Source| {
            release::put_together(source, manifest, stock, into, cancel, &mut told).map_err(Trouble::from)
        };
        match offer.source {
            UpdateSource::File => put(&mut self.open_bundle(cancel)?),
            UpdateSource::Server => {
                let settings = self.state().settings.clone();
                let mut server = self.server(&settings, cancel)?;
                put(&mut Keeping::new(self.kept_folder(), &mut *server))
            }
        }
    }
}
