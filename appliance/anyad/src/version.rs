//! The version of the box: the image's, or on a developer's machine that of the checkout.

use std::sync::LazyLock;

use ota_core::version::Version;

/// Where the image says what it is (os-release(5)).
const OS_RELEASE: &str = "/usr/lib/os-release";
/// What the box's image calls itself.
const IMAGE_ID: &str = "anya";

/// The version that runs.
pub(crate) fn running() -> &'static Version {
    static RUNNING: LazyLock<Version> = LazyLock::new(|| {
        let os_release = std::fs::read_to_string(OS_RELEASE).unwrap_or_default();
        of_image(&os_release).unwrap_or_else(of_checkout)
    });
    &RUNNING
}

fn of_checkout() -> Version {
    env!("CARGO_PKG_VERSION").parse().expect("the workspace's version is one")
}

/// `None` for what is no image of the box.
fn of_image(os_release: &str) -> Option<Version> {
    let value = |key: &str| {
        let line = os_release.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='))?;
        Some(line.trim_matches('"'))
    };
    let version = (value("IMAGE_ID")? == IMAGE_ID).then(|| value("IMAGE_VERSION")).flatten()?;
    Version::from_loader_form(version).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_says_what_it_is_and_another_system_is_none() {
        let of_box = "ID=debian\nIMAGE_ID=\"anya\"\nIMAGE_VERSION=\"1.2.3~rc.1\"\n";
        assert_eq!(of_image(of_box), Some("1.2.3-rc.1".parse().unwrap()));
        for other in ["ID=debian\nVERSION_ID=13\n", "IMAGE_ID=theirs\nIMAGE_VERSION=1.2.3\n", ""] {
            assert_eq!(of_image(other), None, "{other}");
        }
    }
}
