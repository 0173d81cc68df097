//! Looking for a release: at the server, or in a file.
//!
//! The release is checked here, without any rights, before the slot keeper is shown anything of it; then the
//! slot keeper judges it anew, and its word counts. Also when a release is refused, it is shown the signer lists
//! that were followed, so that a server cannot take them back.

use std::fs::{self, File};
use std::io::BufReader;

use appliance_core::update::{LastCheck, UpdateActivity, UpdateSettings, UpdateSource};
use ota_client::bundle::BundleFile;
use ota_client::check::{CheckError, Facts, check};
use ota_client::kept::Keeping;
use ota_client::release;
use ota_client::slot_keeper::protocol::{Believed, SlotsStatus};
use ota_client::source::{Cancel, Evidence, HttpServer, Repository, Signed, Source, SourceError, Terms};
use ota_core::identifier::Identifier;
use ota_core::index::Chunk;
use ota_core::life::{Event, Outcome};
use ota_core::manifest::{Manifest, PartKind};
use ota_core::trust::BoardFacts;

use super::kept::KeptOffer;
use super::trouble::Trouble;
use super::updater::Updater;

impl Updater {
    /// Asks the server for a release, offers it, and works out how much is to be fetched.
    pub(super) fn look(&self, cancel: &Cancel) -> Result<(), Trouble> {
        self.on(Event::Check { at: self.now() });
        let looked = self.ask_server(cancel);
        let mut state = self.state();
        // A look that was stopped found nothing out, and must not read as if there were nothing new.
        let problem = looked.as_ref().err();
        state.kept.last_check = Some(LastCheck { at: self.now(), problem: problem.map(Trouble::problem) });
        let may_pass = problem.is_some_and(|trouble| trouble.may_pass);
        state.kept.failures = if may_pass { state.kept.failures.saturating_add(1) } else { 0 };
        drop(state);
        match looked {
            Ok(Some(offer)) => {
                self.offer(offer, cancel);
                self.measure(cancel);
                Ok(())
            }
            Ok(None) => {
                self.state().kept.offer = None;
                self.on(Event::Nothing);
                Ok(())
            }
            Err(trouble) => {
                self.on(Event::Nothing);
                Err(trouble)
            }
        }
    }

    fn ask_server(&self, cancel: &Cancel) -> Result<Option<KeptOffer>, Trouble> {
        cancel.check()?;
        let settings = self.state().settings.clone();
        let channel = channel(&settings)?;
        let mut server = self.server(&settings, cancel)?;
        self.judge(&mut *server, UpdateSource::Server, channel)
    }

    /// Reads the release in the file that the owner brought, and offers it.
    pub(super) fn look_into_file(&self, cancel: &Cancel) -> Result<(), Trouble> {
        let mut bundle = self.open_bundle(cancel)?;
        // Whatever channel it is of: the owner chose it.
        let channel = channel(&self.state().settings)?;
        let channel = self.channel_of_bundle(cancel)?.unwrap_or(channel);
        let offer = self.judge(&mut bundle, UpdateSource::File, channel)?;
        let Some(offer) = offer else {
            return Err(Trouble::new("nothing_new", "The file holds the version that runs already."));
        };
        let version = Manifest::parse(&offer.evidence.manifest.document)
            .map_err(|_| Trouble::new("bad_manifest", "The file's manifest cannot be read."))?
            .version;
        {
            let mut state = self.state();
            state.kept.offer = Some(KeptOffer { download: Some(0), ..offer });
            self.keep(&state);
        }
        self.on(Event::Fetched { version });
        Ok(())
    }

    /// Checks a release, and has the slot keeper judge it. `None` when it is what runs.
    fn judge(
        &self,
        source: &mut dyn Source,
        from: UpdateSource,
        channel: Identifier,
    ) -> Result<Option<KeptOffer>, Trouble> {
        self.look_at_slots();
        let slots = self.state().slots.clone().map_err(|text| Trouble::new("slot_keeper", text))?;
        if let Some(reason) = &slots.blocked {
            return Err(Trouble::new("blocked", reason.clone()));
        }
        let board = board_facts(&slots, &channel);
        let mut seen = Evidence { signer_lists: slots.followed.clone(), manifest: Signed::default() };
        let mut recorded = Recorded { source, manifest: &mut seen.manifest };
        let facts = Facts {
            signers: self.parts.signers.as_deref(),
            followed: &slots.followed,
            known: &slots.known,
            system_time: self.now(),
            synchronised: slots.synchronised,
            board: &board,
        };
        let lists = &mut seen.signer_lists;
        let checked = check(&mut recorded, &facts, &mut |remember| {
            lists.clone_from(remember.followed);
            Ok(())
        });
        if let Err(error) = checked {
            if seen.signer_lists != slots.followed {
                // It refuses the release as well, and remembers the lists.
                let _ = self.parts.keeper.believe(&channel, &seen);
            }
            return Err(self.refused(&seen.manifest, error));
        }
        let believed = self.parts.keeper.believe(&channel, &seen).map_err(Trouble::from)?;
        self.look_at_slots();
        let Believed { signed_by, set_aside, nothing_new, .. } = believed;
        let offer = KeptOffer { source: from, channel, evidence: seen, signed_by, set_aside, download: None };
        Ok((!nothing_new).then_some(offer))
    }

    /// Notes that a release was refused, where it can be told which.
    fn refused(&self, manifest: &Signed, error: CheckError) -> Trouble {
        let trouble = Trouble::from(error);
        if trouble.refusal
            && let Ok(manifest) = Manifest::parse(&manifest.document)
        {
            self.note_outcome(&manifest.version, Outcome::Refused, &trouble.text);
        }
        trouble
    }

    /// Offers a release of the server, which is measured from then on. What was fetched of another one goes.
    fn offer(&self, offer: KeptOffer, cancel: &Cancel) {
        let Ok(manifest) = Manifest::parse(&offer.evidence.manifest.document) else { return };
        let other = self.offered().is_none_or(|(_, before)| before.version != manifest.version);
        if other {
            self.clear_downloads();
        }
        // Who sees that it is measured sees that it is offered.
        {
            let mut state = self.state();
            state.kept.offer = Some(offer);
            state.activity = Some((UpdateActivity::Measuring, cancel.clone()));
            self.on_in(&mut state, Event::Found { version: manifest.version });
        }
    }

    /// Works out how much is to be fetched of what is offered. When it cannot be told, it is not shown.
    fn measure(&self, cancel: &Cancel) {
        let worked_out = self.missing(cancel).map(|(missing, _)| missing.bytes_not_in(&self.kept_folder()));
        match worked_out {
            Ok(bytes) => {
                let mut state = self.state();
                if let Some(offer) = &mut state.kept.offer {
                    offer.download = Some(bytes);
                }
                self.keep(&state);
            }
            Err(trouble) if trouble.was_stopped() => {}
            Err(trouble) => tracing::warn!(code = trouble.code, text = trouble.text, "how much to fetch"),
        }
    }

    /// What is missing of the release that is offered by the server.
    pub(super) fn missing(&self, cancel: &Cancel) -> Result<(release::Missing, Manifest), Trouble> {
        let (_, manifest) = self.offered().ok_or_else(nothing_offered)?;
        let settings = self.state().settings.clone();
        let slots = self.parts.keeper.read()?;
        let mut server = self.server(&settings, cancel)?;
        self.make_folder()?;
        let mut source = Keeping::new(self.kept_folder(), &mut *server);
        let uki = release::uki_file(&self.uki_path()).map_err(SourceError::Keep)?;
        let stock = self.stock(&slots, cancel)?;
        let other = &slots.other.root;
        let missing = release::missing(&mut source, &manifest, &stock, other, &uki, cancel)?;
        Ok((missing, manifest))
    }

    pub(super) fn make_folder(&self) -> Result<(), Trouble> {
        fs::create_dir_all(&self.parts.folder).map_err(|error| SourceError::Keep(error).into())
    }

    /// Where the kernel image is put together.
    pub(super) fn uki_path(&self) -> std::path::PathBuf {
        self.parts.folder.join("kernel.part")
    }

    pub(super) fn server(
        &self,
        settings: &UpdateSettings,
        cancel: &Cancel,
    ) -> Result<Box<dyn Source>, Trouble> {
        let Some(address) = &settings.server else {
            return Err(Trouble::new(
                "no_server",
                "No update server is set. Set its address, or install an update from a file.",
            ));
        };
        let terms = Terms { bandwidth: settings.bandwidth, cancel: cancel.clone(), ..Terms::default() };
        Ok(Box::new(Repository(HttpServer::new(address, terms)?)))
    }

    pub(super) fn open_bundle(&self, cancel: &Cancel) -> Result<BundleFile<BufReader<File>>, Trouble> {
        let name = "The file".to_owned();
        let file = File::open(self.bundle()).map_err(|source| SourceError::Read { name, source })?;
        Ok(BundleFile::new(BufReader::with_capacity(1 << 20, file), cancel.clone()))
    }

    /// The channel that the manifest in the file is of; it is believed later, or not.
    fn channel_of_bundle(&self, cancel: &Cancel) -> Result<Option<Identifier>, Trouble> {
        let slots = self.state().slots.clone().ok();
        let Some(board) = slots.map(|slots| slots.board) else { return Ok(None) };
        let mut bundle = self.open_bundle(cancel)?;
        let any = channel(&UpdateSettings::default())?;
        let signed = bundle.manifest(&any, &board)?;
        Ok(signed.and_then(|signed| Manifest::parse(&signed.document).ok()).map(|manifest| manifest.channel))
    }
}

pub(super) fn nothing_offered() -> Trouble {
    Trouble::new("nothing_offered", "There is no update to install. Look for one first.")
}

fn channel(settings: &UpdateSettings) -> Result<Identifier, Trouble> {
    let wrong = |_| Trouble::new("bad_channel", format!("{:?} is no channel.", settings.channel));
    settings.channel.parse().map_err(wrong)
}

/// What the box is, as far as releases go.
fn board_facts(slots: &SlotsStatus, channel: &Identifier) -> BoardFacts {
    BoardFacts {
        board: slots.board.clone(),
        channel: channel.clone(),
        installed: slots.running.version.clone(),
        built: slots.built,
        room: slots.room,
    }
}

/// A source of which the manifest is remembered, as it came.
struct Recorded<'a> {
    source: &'a mut dyn Source,
    manifest: &'a mut Signed,
}

impl Source for Recorded<'_> {
    fn signer_list(&mut self, version: u64) -> Result<Option<Signed>, SourceError> {
        self.source.signer_list(version)
    }

    fn manifest(&mut self, channel: &Identifier, board: &Identifier) -> Result<Option<Signed>, SourceError> {
        let signed = self.source.manifest(channel, board)?;
        *self.manifest = signed.clone().unwrap_or_default();
        Ok(signed)
    }

    fn index(&mut self, manifest: &Manifest, part: PartKind) -> Result<Vec<u8>, SourceError> {
        self.source.index(manifest, part)
    }

    fn chunk(&mut self, chunk: &Chunk) -> Result<Vec<u8>, SourceError> {
        self.source.chunk(chunk)
    }
}
