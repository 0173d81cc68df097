//! The routes, one module a group.

pub(crate) mod access;
pub(crate) mod bitcoin;
pub(crate) mod events;
pub(crate) mod fault;
pub(crate) mod ml;
pub(crate) mod openai;
pub(crate) mod ops;
pub(crate) mod security;
pub(crate) mod storage;
pub(crate) mod system;
pub(crate) mod ui;
pub(crate) mod updates;
