//! Pictures of the machine's own screen.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::json;

use crate::machine::Machine;

/// What is on a screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Pixels that are not black.
    pub lit: usize,
}

/// Keeps the screen as PNG in `png`, and says what is on it.
///
/// # Errors
/// When the machine has no screen or QEMU cannot write the file.
pub fn shoot(machine: &mut Machine, png: &Path) -> Result<Picture> {
    machine.qmp().execute("screendump", &json!({"filename": png, "format": "png"}))?;
    // The same once more in a format that needs no decoder.
    let ppm = png.with_extension("ppm");
    machine.qmp().execute("screendump", &json!({"filename": ppm, "format": "ppm"}))?;
    let bytes = std::fs::read(&ppm)?;
    std::fs::remove_file(&ppm)?;
    let head = std::fs::read(png)?;
    ensure!(head.starts_with(b"\x89PNG\r\n\x1a\n"), "{} is no PNG", png.display());
    read_ppm(&bytes).context("the screen's picture is no PPM")
}

/// A binary PPM (P6) with one byte for each colour.
fn read_ppm(bytes: &[u8]) -> Option<Picture> {
    let mut fields = bytes.splitn(5, u8::is_ascii_whitespace);
    let mut number = |expected: Option<&[u8]>| -> Option<usize> {
        let field = fields.next()?;
        match expected {
            Some(expected) => (field == expected).then_some(0),
            None => std::str::from_utf8(field).ok()?.parse().ok(),
        }
    };
    number(Some(b"P6"))?;
    let (width, height) = (number(None)?, number(None)?);
    number(Some(b"255"))?;
    let pixels = fields.next()?;
    (pixels.len() == width * height * 3).then(|| {
        let lit = pixels.chunks(3).filter(|pixel| pixel.iter().any(|colour| *colour > 0)).count();
        Picture { width, height, lit }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lit_pixels_of_a_ppm_are_counted() {
        let picture = read_ppm(b"P6\n2 1\n255\n\0\0\0\xaa\xaa\xaa");
        assert_eq!(picture, Some(Picture { width: 2, height: 1, lit: 1 }));
        assert_eq!(read_ppm(b"P6\n2 1\n255\n\0\0\0"), None, "cut");
        assert_eq!(read_ppm(b"P5\n2 1\n255\n\0\0"), None);
    }
}
