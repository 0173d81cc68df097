//! The connection to the TPM and what is loaded in it: the storage primary and the last used keys.

use std::str::FromStr as _;

use hal_api::KeyId;
use tss_esapi::attributes::SessionAttributesBuilder;
use tss_esapi::constants::SessionType;
use tss_esapi::handles::{KeyHandle, SessionHandle};
use tss_esapi::interface_types::algorithm::HashingAlgorithm;
use tss_esapi::interface_types::resource_handles::Hierarchy;
use tss_esapi::interface_types::session_handles::AuthSession;
use tss_esapi::structures::{Private, Public, SymmetricDefinition};
use tss_esapi::tcti_ldr::TctiNameConf;
use tss_esapi::{Context, Error, WrapperErrorKind};

use crate::public_area;

/// A TPM holds three transient objects at least (PC Client Platform TPM Profile, section 4.6); the
/// storage primary takes one.
const MAX_LOADED: usize = 2;

/// What a loaded key is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loaded {
    /// A key of the caller.
    Key(KeyId),
    /// The attestation key.
    Attestation,
}

/// An open connection.
pub(crate) struct Connection {
    pub(crate) context: Context,
    primary: KeyHandle,
    /// The last used at the end.
    loaded: Vec<(Loaded, KeyHandle)>,
}

impl Connection {
    /// Parses the way to the TPM. Refuses what the library would pass over in silence and then connect
    /// to its default place.
    pub(crate) fn tcti(text: &str) -> Result<TctiNameConf, Error> {
        let known = |setting: &str| setting.starts_with("host=") || setting.starts_with("port=");
        if let Some(settings) = text.strip_prefix("swtpm:").or_else(|| text.strip_prefix("mssim:"))
            && !settings.split(',').all(known)
        {
            return Err(Error::WrapperError(WrapperErrorKind::InvalidParam));
        }
        TctiNameConf::from_str(text)
    }

    /// Connects and makes the storage primary.
    pub(crate) fn open(tcti: TctiNameConf) -> Result<Self, Error> {
        Self::with_primary(Context::new(tcti)?)
    }

    /// Makes the storage primary in a fresh context.
    pub(crate) fn with_primary(mut context: Context) -> Result<Self, Error> {
        let primary = context.execute_with_session(Some(AuthSession::Password), |context| {
            context.create_primary(Hierarchy::Owner, public_area::storage()?, None, None, None, None)
        })?;
        Ok(Self { context, primary: primary.key_handle, loaded: Vec::new() })
    }

    /// The key to load children under and to salt sessions to.
    pub(crate) fn primary(&self) -> KeyHandle {
        self.primary
    }

    /// A key's handle; loads it when it is not loaded.
    pub(crate) fn key(&mut self, id: &KeyId, public: &[u8], private: &[u8]) -> Result<KeyHandle, Error> {
        self.loaded_or(Loaded::Key(*id), |connection| {
            let (public, private) = public_area::unmarshal(public, private)?;
            connection.load(public, private)
        })
    }

    /// The attestation key's handle; makes it anew from the TPM's endorsement seed when it is not loaded.
    pub(crate) fn attestation_key(&mut self) -> Result<KeyHandle, Error> {
        self.loaded_or(Loaded::Attestation, |connection| {
            let made = connection.context.execute_with_session(Some(AuthSession::Password), |context| {
                context.create_primary(
                    Hierarchy::Endorsement,
                    public_area::attestation()?,
                    None,
                    None,
                    None,
                    None,
                )
            })?;
            Ok(made.key_handle)
        })
    }

    fn loaded_or(
        &mut self,
        name: Loaded,
        load: impl FnOnce(&mut Self) -> Result<KeyHandle, Error>,
    ) -> Result<KeyHandle, Error> {
        let known = self.loaded.iter().position(|(loaded, _)| *loaded == name);
        let handle = match known {
            Some(place) => self.loaded.remove(place).1,
            None => {
                self.make_room()?;
                load(self)?
            }
        };
        self.loaded.push((name, handle));
        Ok(handle)
    }

    /// Frees one place for an object, by unloading the key used longest ago.
    pub(crate) fn make_room(&mut self) -> Result<(), Error> {
        while self.loaded.len() >= MAX_LOADED {
            let (_, oldest) = self.loaded.remove(0);
            self.context.flush_context(oldest.into())?;
        }
        Ok(())
    }

    /// Unloads a key that is to be deleted.
    pub(crate) fn unload(&mut self, id: &KeyId) -> Result<(), Error> {
        if let Some(place) = self.loaded.iter().position(|(loaded, _)| *loaded == Loaded::Key(*id)) {
            let (_, handle) = self.loaded.remove(place);
            self.context.flush_context(handle.into())?;
        }
        Ok(())
    }

    /// Loads an object under the primary. The caller has made room and unloads it.
    pub(crate) fn load(&mut self, public: Public, private: Private) -> Result<KeyHandle, Error> {
        let primary = self.primary;
        self.context.execute_with_session(Some(AuthSession::Password), |context| {
            context.load(primary, private, public)
        })
    }

    /// Runs a step in a session of its own that is salted to the primary and encrypts the first
    /// parameter of commands and answers, so that a probe on the bus sees no secret.
    pub(crate) fn in_session<T>(
        &mut self,
        kind: SessionType,
        step: impl FnOnce(&mut Self, AuthSession) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let session = self
            .context
            .execute_without_session(|context| {
                context.start_auth_session(
                    Some(self.primary),
                    None,
                    None,
                    kind,
                    SymmetricDefinition::AES_128_CFB,
                    HashingAlgorithm::Sha256,
                )
            })?
            .ok_or(Error::WrapperError(WrapperErrorKind::WrongValueFromTpm))?;
        // A trial session computes a digest and authorises nothing, so there is nothing to encrypt.
        let result = if kind == SessionType::Trial {
            step(self, session)
        } else {
            let (attributes, mask) =
                SessionAttributesBuilder::new().with_decrypt(true).with_encrypt(true).build();
            self.context.tr_sess_set_attributes(session, attributes, mask).and_then(|()| step(self, session))
        };
        let flushed = self.context.flush_context(SessionHandle::from(session).into());
        let value = result?;
        flushed.map(|()| value)
    }
}
