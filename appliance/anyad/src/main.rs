//! The service.
mod cli;
mod config;
mod console;
mod data_folder;
mod fingerprint;
mod logging;
mod observer;
mod pin;
mod shutdown;
mod watchdog;

fn main() {}
