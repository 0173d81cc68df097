//! The two slots, the boot loader, and how an update gets from one to the other.
//!
//! # Design
//!
//! A slot is a pair of partitions, root and verity, and a kernel image ("UKI") that the boot loader knows.
//! One slot runs, the other is free to be written. Nothing here does I/O: the caller hands in facts and
//! performs what it is told, through two small ports.
//!
//! - [`Slots`]: which slot runs, told by the root hash that was booted; and so which one never is written.
//! - [`Installation`]: the steps, in the one order in which a power cut at any moment leaves a slot that
//!   boots: first the other slot's entry goes, then the slot is written and read back, then it gets its
//!   identity, and last of all its entry appears, by one rename.
//! - [`BootLoader`]: the port. Two kinds: [`SystemdBoot`] (UEFI) and [`Tryboot`] (Raspberry Pi), both over
//!   [`BootFolder`], which is the file system that the loader reads.
//! - [`gate`]: after a start, whether the system is marked good, restarted, or stays up as it is.
//! - [`rollback`]: whether the owner may go back.
//! - [`order`] and [`entry`]: systemd-boot's names and its choice.
//!
//! # Every start is counted
//!
//! An entry that counts no tries is started for ever, also when its slot has died (systemd issue 29459).
//! So a healthy start does not take the counter away, as `systemd-bless-boot` does, but sets it back to
//! three. The price: three power cuts in a row, each before the system was healthy, lead to the other slot;
//! therefore every version reads the data of the one after it ([`crate::schema`]).
//!
//! The Raspberry Pi's firmware counts nothing: there the initrd does ([`tryboot::count_start`]).
//!
//! # When no slot has a try left
//!
//! With `tryboot` both take turns for ever. systemd-boot starts the first entry of the list again then, for ever. A third entry, `anya-rescue.efi`,
//! prevents that: it has no counter, and a sort key behind that of the slots; so it comes after entries with
//! tries and before those without. It gives each slot one last chance ([`SystemdBoot::last_chance`]), as
//! tries can also be spent by power cuts or by a rollback to a slot that does not boot; after that it stays,
//! says what is wrong, and waits for the owner ([`SystemdBoot::try_all_again`]).
//!
//! # When an entry gets lost
//!
//! A rename on FAT is two changes to the folder, which may lie in two sectors. A disk that reorders its writes can
//! bring the first one to the medium and not the second when the power goes; the entry is lost then. The firmware
//! renames on every start. So beside the entries lies a **spare**: a second copy of the kernel image of the version
//! that was good last, under a name that the loader ignores. A spare whose version has no entry means that the entry
//! got lost: it is put back, by the next version that runs or by the rescue system ([`SystemdBoot::clear_up`],
//! [`SystemdBoot::put_back`]). No version is left alone without its spare.
//!
//! # Limits
//!
//! - The partition table has two copies, of which firmware restores one from the other: a change to it
//!   happens or does not.
//! - A sector of the folder is written or is not, and an entry's records lie in one. Of those that do not, a torn
//!   rename can leave the short name, which the loader starts without counting; the system that runs then sets it right.
//! - A rename that leaves both names stops the counting, as the firmware gives no name twice. The system that runs then
//!   sets that right, too; a version that dies before it gets there is started for ever. It takes a cut within the
//!   milliseconds in which the firmware counts, a disk that then keeps just the later write, and a version that is dead.

pub mod entry;
mod folder;
pub mod gate;
mod identity;
mod install;
mod loader;
pub mod order;
pub mod rollback;
mod systemd_boot;
pub mod tryboot;

pub use folder::BootFolder;
pub use identity::{IdentityError, Slot, SlotFacts, Slots, System};
pub use install::{Action, Installation, OutOfTurn};
pub use loader::{BootLoader, LoaderCapabilities, LoaderError, Marked, Restart, Start};
pub use systemd_boot::SystemdBoot;
pub use tryboot::Tryboot;
