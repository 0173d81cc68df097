//! Tells the embedding code where the built web page is, or makes a page that says how to build it.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

const PLACEHOLDER: &str = include_str!("src/routes/ui/not-built.html");

fn main() -> Result<(), Box<dyn Error>> {
    let dist = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../web-ui/dist");
    // Cargo watches a folder only when it is there; one that is missing would mean building again each
    // time. It is the web page's own output folder, and not under version control.
    let watched = if fs::create_dir_all(&dist).is_ok() { &dist } else { Path::new("build.rs") };
    println!("cargo:rerun-if-changed={}", watched.display());
    let folder = if dist.join("index.html").is_file() { dist.canonicalize()? } else { placeholder()? };
    println!("cargo:rustc-env=ANYA_UI_DIST={}", folder.display());
    Ok(())
}

fn placeholder() -> Result<PathBuf, Box<dyn Error>> {
    let folder = Path::new(&env::var("OUT_DIR")?).join("ui");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("index.html"), PLACEHOLDER)?;
    Ok(folder)
}
