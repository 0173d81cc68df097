//! The shared box of the dev image.

use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use qemu_tests::dev_box::DevBox;
use qemu_tests::update_box;

use crate::turn::Turn;

/// Copies that no test works on now.
static FREE: Mutex<Vec<DevBox>> = Mutex::new(Vec::new());

/// The box, to be copied: it is never switched on again. When it could not be made, every test that needs it says why.
pub(crate) fn dev_box(turn: &Turn) -> &'static DevBox {
    static BOX: OnceLock<Result<DevBox, String>> = OnceLock::new();
    match BOX.get_or_init(|| {
        DevBox::prepare(&turn.lab, "dev", update_box::setup()).map_err(|error| format!("{error:#}"))
    }) {
        Ok(made) => made,
        Err(error) => panic!("the dev image's box: {error}"),
    }
}

/// A copy for one test at a time; tests that run after it find it as they resume or rewind it.
pub(crate) struct Copy(Option<DevBox>);

/// A copy of the box to work on: [`DevBox::resume`] it, or [`DevBox::rewind`] and boot it.
pub(crate) fn dev_copy(turn: &Turn) -> Copy {
    static COPIES: AtomicUsize = AtomicUsize::new(1);
    let made = dev_box(turn);
    let free = FREE.lock().unwrap_or_else(PoisonError::into_inner).pop();
    Copy(Some(free.unwrap_or_else(|| {
        let number = COPIES.fetch_add(1, Ordering::Relaxed);
        made.copy(&turn.lab, &format!("dev-{number}")).unwrap()
    })))
}

impl Deref for Copy {
    type Target = DevBox;

    fn deref(&self) -> &DevBox {
        self.0.as_ref().expect("taken when it is dropped only")
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        // What a test that failed leaves is looked at, and not written over by the next.
        if !std::thread::panicking() {
            FREE.lock().unwrap_or_else(PoisonError::into_inner).extend(self.0.take());
        }
    }
}
