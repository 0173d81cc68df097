//! The port to the boot loader, in the words of slots and versions.

use std::io::{self, Read};

use thiserror::Error;

use super::System;
use super::entry::Tries;
use crate::manifest::Content;

/// What a boot loader can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoaderCapabilities {
    /// How often it starts a new system before it returns to the old one.
    pub tries: u32,
    /// Whether it counts every start, so that it also leaves a slot that was good and dies later.
    pub counts_every_start: bool,
    /// How to restart into what was armed.
    pub armed_by: Restart,
}

/// Whether and how often the boot loader starts a system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// It does not know it.
    Never,
    /// It starts it without counting.
    Always,
    /// It starts it as long as tries are left.
    Counted(Tries),
}

impl Start {
    /// How many tries are left; as many as can be when they are not counted.
    pub fn tries_left(self) -> u32 {
        match self {
            Self::Never => 0,
            Self::Always => u32::MAX,
            Self::Counted(tries) => tries.left,
        }
    }

    /// Whether it was started since it was armed.
    pub fn was_tried(self) -> bool {
        matches!(self, Self::Counted(Tries { done: 1.., .. }))
    }
}

/// How to restart so that what was armed is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restart {
    /// As always.
    Plain,
    /// With the argument `0 tryboot` (reboot(2), `LINUX_REBOOT_CMD_RESTART2`); any other start returns to
    /// the default slot.
    Tryboot,
}

/// What of the boot loader's files could not be done.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "each variant's text says what it is, and the fields are named in it")]
pub enum LoaderError {
    #[error("listing the boot loader's files")]
    List(#[source] io::Error),
    #[error("reading {name}")]
    Read { name: String, source: io::Error },
    #[error("writing {name}")]
    Write { name: String, source: io::Error },
    #[error("renaming {from} to {to}")]
    Rename { from: String, to: String, source: io::Error },
    #[error("removing {name}")]
    Remove { name: String, source: io::Error },
    #[error("bringing the boot loader's files to the medium")]
    Sync(#[source] io::Error),
    #[error("the boot loader has no entry of version {}", .0.version)]
    NoEntry(System),
    #[error("the kernel image that was read back is not the one that was written")]
    OtherKernel,
    #[error("autoboot.txt is not as this box writes it")]
    BadAutoboot,
}

/// What came of marking a system good.
#[derive(Debug)]
pub enum Marked {
    /// It is good, and all else is done.
    Fully,
    /// It is good, but the copy that would make up for an entry that gets lost could not be made.
    WithoutSpare(LoaderError),
}

/// A boot loader. What a method has done is on the medium when it returns; a power cut during any of them
/// leaves a slot that boots.
pub trait BootLoader {
    /// What it can do.
    fn capabilities(&self) -> LoaderCapabilities;

    /// Whether and how often it starts this system.
    fn start_of(&self, system: &System) -> Result<Start, LoaderError>;

    /// From now on it starts the running system alone, and that with all its tries, as nothing else is left
    /// to start; so what makes up for its entry, should that get lost, has to be there before. Fails, with nothing changed, when it does not know the running system.
    fn forget_all_but(&mut self, running: &System) -> Result<(), LoaderError>;

    /// Takes the kernel image of a system, without starting it yet. What was written is read back and
    /// compared with what the manifest promised.
    fn stage(
        &mut self,
        target: &System,
        kernel: &mut dyn Read,
        promised: &Content,
    ) -> Result<(), LoaderError>;

    /// Starts the staged system next, and returns by itself when it does not work. The last step.
    fn arm(&mut self, target: &System) -> Result<Restart, LoaderError>;

    /// The running system works: it gets all its tries again, and is what is started from now on.
    fn mark_good(&mut self, running: &System) -> Result<Marked, LoaderError>;

    /// The running system does not work as it should, and is what is started next all the same, once.
    fn keep(&mut self, running: &System) -> Result<(), LoaderError>;

    /// Starts the other system next, for the owner who wants to go back.
    fn prefer(&mut self, other: &System, running: &System) -> Result<Restart, LoaderError>;
}
