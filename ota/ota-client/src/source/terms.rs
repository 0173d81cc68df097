//! On which terms something is fetched.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ota_core::transfer::Pace;

use super::SourceError;

/// A flag that ends what is under way; all its clones are the same flag. It is looked at between two reads,
/// so a server that says nothing can delay it by the [`Pace`]'s window.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Ends it.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Goes on, unless it was ended.
    ///
    /// # Errors
    /// [`SourceError::Stopped`].
    pub fn check(&self) -> Result<(), SourceError> {
        if self.0.load(Ordering::Relaxed) { Err(SourceError::Stopped) } else { Ok(()) }
    }
}

/// How long a server may take, and how much of the line the box takes.
#[derive(Clone, Debug)]
pub struct Terms {
    /// Until it is connected.
    pub connect: Duration,
    /// For one file, from the question to its last byte.
    pub whole: Duration,
    /// What is too slow. A server that says nothing at all for the window is.
    pub pace: Pace,
    /// At most so many bytes per second, on average; `None`: as many as come.
    pub bandwidth: Option<NonZeroU64>,
    /// Ends it.
    pub cancel: Cancel,
}

impl Default for Terms {
    /// Half a minute to connect, an hour for a file (the longest has 16 MiB), and no limit of bandwidth.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            whole: Duration::from_secs(60 * 60),
            pace: Pace::default(),
            bandwidth: None,
            cancel: Cancel::default(),
        }
    }
}
