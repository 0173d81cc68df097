//! Builds, runs and looks into the images of the Anya Box.
//!
//! An image is the sum of a board (`board-configs/`), the files of the root that every builder takes
//! (`image/rootfs/`), mkosi's definition (`image/mkosi/`), the locked Debian packages (`image/lock/`) and
//! the programs of this workspace. All that is made lies in the cache, never in the checkout; other
//! people's tools run in a Debian tree of their own ([`tools`]), so that a build does not depend on what
//! the machine has.

pub mod board;
pub mod build;
pub mod esp;
pub mod inspect;
pub mod keys;
pub mod lock;
pub mod places;
pub mod reproduce;
pub mod run;
pub mod sbom;
pub mod sign;
pub mod tools;
