//! The router and the server from outside, with the real domain over ports in memory.
#![expect(clippy::unwrap_used, reason = "tests")]

mod access;
mod bad_input;
mod box_pages;
mod doubles;
mod events;
mod fault;
mod gate;
mod harness;
mod log;
mod memory;
mod openai;
mod openapi;
mod security;
mod server;
mod updates;
