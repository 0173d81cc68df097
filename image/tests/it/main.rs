//! The parts that need the tools tree, on small stand-ins for an image. Without the tree (`image build`
//! makes it) they are skipped, and say so.

#![allow(clippy::unwrap_used)]

mod compare;
mod pool;

use std::fs;

use image::places::Places;
use image::tools::Tools;

/// The tools tree, where one was made.
fn tools() -> Option<Tools> {
    let places = Places::find().expect("the tests run in the checkout");
    let made = fs::read_dir(places.images()).into_iter().flatten().filter_map(Result::ok).any(|entry| {
        entry.file_name().to_string_lossy().starts_with("tools-") && entry.path().join(".complete").exists()
    });
    if !made {
        skip("there is no tools tree: `cargo run -p image -- enter true` makes one");
        return None;
    }
    match Tools::ready(&places) {
        Ok(tools) => Some(tools),
        Err(error) => {
            skip(&format!("{error:#}"));
            None
        }
    }
}

#[expect(clippy::print_stderr, reason = "a skipped test must say so")]
fn skip(why: &str) {
    eprintln!("SKIPPED: {why}");
}
