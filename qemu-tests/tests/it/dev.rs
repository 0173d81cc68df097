//! The shared box of the dev image.

use std::sync::OnceLock;

use qemu_tests::dev_box::DevBox;

use crate::release_box::Turn;

/// The box; when it could not be made, every test that needs it says why.
pub(crate) fn dev_box(turn: &Turn) -> &'static DevBox {
    static BOX: OnceLock<Result<DevBox, String>> = OnceLock::new();
    match BOX.get_or_init(|| DevBox::prepare(&turn.lab, "dev").map_err(|error| format!("{error:#}"))) {
        Ok(made) => made,
        Err(error) => panic!("the dev image's box: {error}"),
    }
}
